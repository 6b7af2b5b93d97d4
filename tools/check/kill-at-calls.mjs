// Imported before a program (`node --import`), kills it at one of its renames, links and syncs: KILL_AT_CALLS is `7 before` or
// `7 after`; or counts them (`count`), and says at the end how many there were.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const [which = '', when] = (process.env.KILL_AT_CALLS ?? '').split(' ');
let calls = 0;

const counted = (call) =>
  async function (...args) {
    calls += 1;
    const isIt = calls === Number(which);
    if (isIt && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = await call.apply(this, args);
    if (isIt) process.kill(process.pid, 'SIGKILL');
    return result;
  };

const { promises } = fs;
promises.rename = counted(promises.rename);
promises.link = counted(promises.link);
const handle = await promises.open(process.execPath);
const prototype = Object.getPrototypeOf(handle);
await handle.close();
prototype.sync = counted(prototype.sync);
syncBuiltinESMExports();

if (which === 'count') {
  process.on('exit', () => {
    process.stderr.write(`calls: ${calls}\n`);
  });
}
