// Kills, starts and resumes training as clusters do, and holds what comes of it against a run that nobody disturbed:
//
//   node tools/check/kills.mjs [--kills 100] [--stops 50] [--starts 20] [--requeues 20] [--seed 1]
//
// kills     SIGKILLs, half of them at a random moment, half right before or after a rename, a link or a sync; each is followed by
//           `train --resume`, until the fold is done
// stops     SIGINT, SIGTERM or SIGUSR2 at a random moment, each followed by `train --resume`, until the fold is done
// starts    three trainers at the same moment into a folder that does not exist, two of them of the same fold
// requeues  a trainer is resumed while it still runs, is killed, and is resumed twice at the same moment
//
// What is done has to be the same, byte for byte, but for the seconds that epochs took; what is refused has to be refused by
// name. Nothing may be left behind. The packages have to be built. It takes about a quarter of an hour.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { makeDataset, trainOptions } from './small-run.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    stops: { type: 'string', default: '50' },
    starts: { type: 'string', default: '20' },
    requeues: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const program = here('../../apps/cli/bin/clip-lung.js');
const hook = new URL('kill-at-calls.mjs', import.meta.url).href;
const folder = await mkdtemp(join(tmpdir(), 'kills-'));
const at = (...names) => join(folder, ...names);

// Numbers from 0 to 1, the same for the same seed: mulberry32.
let state = Number(values.seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** A process of the command line, and how it ended. @param calls where it kills itself: see kill-at-calls.mjs */
function start(args, calls) {
  const hooked = calls === undefined ? [] : ['--import', hook];
  const child = spawn(process.execPath, [...hooked, program, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KILL_AT_CALLS: calls ?? '' },
  });
  let text = '';
  child.stderr.on('data', (chunk) => (text += chunk));
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, text }));
  });
  return { child, ended };
}

const trainArgs = (run, fold, ...more) => [
  ...['train', ...trainOptions(folder), '--out', at(run)],
  ...['--fold', String(fold), ...more],
];

async function done(...args) {
  const { code, text } = await start(args).ended;
  if (code !== 0) throw new Error(`${args.join(' ')}: ${text}`);
  return text;
}

/** Everything of a fold, but how long its epochs took. */
async function contentOf(run, fold) {
  const own = at(run, `fold-${fold}`);
  const files = [
    ...['last', 'best'].map((name) => `checkpoints/${name}.safetensors`),
    ...['predictions.csv', 'predictions.json'],
  ];
  const bytes = files.map((name) => readFile(join(own, name), 'base64'));
  const log = (await readFile(join(own, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => ({
      ...JSON.parse(line),
      secondsPerEpoch: 0,
      sha256: '',
    }));
  return JSON.stringify([await Promise.all(bytes), log]);
}

const counts = {};
const problems = [];
function count(name) {
  counts[name] = (counts[name] ?? 0) + 1;
}
function problem(what, text = '') {
  problems.push(`${what}: ${text}`);
  console.error(`${what}: ${text}`);
}

async function compare(run, fold, what) {
  if ((await contentOf(run, fold)) === expected[fold])
    count(`${what}: identical`);
  else problem(`${what}: fold ${fold} of ${run} differs`);
}

async function expectNothingLeft(run) {
  const names = await readdir(at(run), { recursive: true });
  const left = names.filter((name) => /\.tmp|\.lock/.test(name));
  if (left.length > 0) problem(`${run} has ${left.join(', ')}`);
}

/** Whether an ended process was refused as it should be. */
function expectRefused({ code, text }, what) {
  const isTold =
    /fold-\d\.lock: fold \d is being trained by process \d+ on \S+, since /.test(
      text,
    ) || /fold \d has already been begun; give --resume/.test(text);
  if (code === 1 && isTold) count(`${what}: refused`);
  else problem(`${what}: ended with ${code}`, text);
}

async function kills(duration, calls) {
  const total = Number(values.kills);
  let killed = 0;
  for (let round = 0; killed < total; round++) {
    const run = `kills-${round}`;
    for (let life = 0; ; life++) {
      const aimed = killed % 2 === 0;
      const last = killed >= total || life >= 8;
      const call = Math.floor(random() * calls) + 1;
      const after = random() < 0.5 ? 'before' : 'after';
      const { child, ended } = start(
        trainArgs(run, 0, '--resume'),
        !last && aimed ? `${call} ${after}` : undefined,
      );
      const timer =
        last || aimed
          ? undefined
          : setTimeout(() => child.kill('SIGKILL'), random() * duration);
      const { code, signal, text } = await ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') {
        killed += 1;
        count(aimed ? 'kills: aimed' : 'kills: at random');
        continue;
      }
      if (code !== 0) problem(`${run} after ${life} kills`, text);
      break;
    }
    await compare(run, 0, 'kills');
    await expectNothingLeft(run);
  }
}

/** How a training may end that is asked to stop: saved; before it has begun; before it listens; or done by then. */
const stopSignals = { SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 };

async function stops(duration) {
  const total = Number(values.stops);
  const names = Object.keys(stopSignals);
  let stopped = 0;
  for (let round = 0; stopped < total; round++) {
    const run = `stops-${round}`;
    for (let life = 0; ; life++) {
      const last = stopped >= total || life >= 8;
      const name = names[Math.floor(random() * names.length)];
      const { child, ended } = start(trainArgs(run, 0, '--resume'));
      const timer = last
        ? undefined
        : setTimeout(() => child.kill(name), random() * duration);
      const { code, signal, text } = await ended;
      clearTimeout(timer);
      if (code === 0) break;
      if (code === 75) count(`stops: saved after ${name}`);
      else if (code === stopSignals[name]) count('stops: before training');
      else if (signal === name) count('stops: before anything');
      else problem(`${run}: ${name} ended it with ${code ?? signal}`, text);
      if (last) break;
      stopped += 1;
    }
    await compare(run, 0, 'stops');
    await expectNothingLeft(run);
  }
}

async function starts() {
  for (let round = 0; round < Number(values.starts); round++) {
    const run = `starts-${round}`;
    const [a, b, other] = await Promise.all(
      [0, 0, 1].map((fold) => start(trainArgs(run, fold)).ended),
    );
    if (other.code !== 0) problem('starts: another fold', other.text);
    const refused = [a, b].filter(({ code }) => code !== 0);
    if (refused.length !== 1) {
      problem(
        `starts: ${2 - refused.length} of two succeeded`,
        a.text + b.text,
      );
    }
    for (const one of refused) expectRefused(one, 'starts');
    for (const fold of [0, 1]) await compare(run, fold, 'starts');
    await expectNothingLeft(run);
  }
}

async function requeues(duration) {
  for (let round = 0; round < Number(values.requeues); round++) {
    const run = `requeues-${round}`;
    const resume = () => start(trainArgs(run, 0, '--resume'));
    const first = start(trainArgs(run, 0));
    await wait(random() * duration);
    const second = resume();
    await wait(random() * duration);
    first.child.kill('SIGKILL');
    await first.ended;
    const both = [resume(), resume()];
    const ended = await Promise.all([second, ...both].map((one) => one.ended));
    const refused = ended.filter(({ code }) => code !== 0);
    if (refused.length === ended.length) problem('requeues: nobody went on');
    for (const one of refused) expectRefused(one, 'requeues');
    await compare(run, 0, 'requeues');
    await expectNothingLeft(run);
  }
}

const expected = [];
try {
  await makeDataset(folder, done);
  const began = performance.now();
  await done(...trainArgs('whole', 0));
  const duration = performance.now() - began;
  await done(...trainArgs('whole', 1));
  for (const fold of [0, 1]) expected.push(await contentOf('whole', fold));
  const counted = await start(trainArgs('counted', 0), 'count').ended;
  const calls = Number(/^calls: (\d+)$/m.exec(counted.text)?.[1]);
  if (!(calls > 0)) throw new Error(`no calls counted: ${counted.text}`);
  console.log(
    `a fold takes ${(duration / 1000).toFixed(1)} s and ${calls} renames, links and syncs`,
  );
  await kills(duration, calls);
  await stops(duration);
  await starts();
  await requeues(duration);
  for (const [name, value] of Object.entries(counts)) {
    console.log(`${name} ${value}`);
  }
  console.log(`problems ${problems.length}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
