/**
 * Work as a training does it, for tests: counts to `steps` in a file, goes on where the file ends, saves and exits with 75 when it is
 * asked to stop, dies of a second signal. Its arguments: the file, the number of steps, milliseconds of a step, and what shall
 * happen at a step for the first time: `2=kill`.
 */
export const fakeWork = `
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const [file, steps, pause, event = ''] = process.argv.slice(2);
let stopping = false;
const signals = ['SIGTERM', 'SIGUSR2'];
const stop = () => {
  for (const signal of signals) process.off(signal, stop);
  stopping = true;
};
for (const signal of signals) process.on(signal, stop);
const done = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\\n').filter(Boolean).length : 0);
console.log('from step ' + done());
const [at, what] = event.split('=');
const step = () => {
  if (stopping) {
    console.log('saved');
    process.exit(75);
  }
  const i = done();
  if (i >= Number(steps)) {
    console.log('done');
    process.exit(0);
  }
  if (String(i) === at && what === 'fail') {
    console.error('error: step ' + i + ' is wrong');
    process.exit(1);
  }
  appendFileSync(file, 'step ' + i + '\\n');
  if (String(i) === at && what === 'kill') process.kill(process.pid, 'SIGKILL');
  setTimeout(step, Number(pause));
};
step();
`;
