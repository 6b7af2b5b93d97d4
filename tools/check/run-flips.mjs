// Flips single bits of a dataset's, a run's and a model's files, and cuts the files short, and counts what the command line does with each:
//
//   node tools/check/run-flips.mjs [--flips 300] [--cuts 100] [--seed 1] [--only <part of a file's name>]
//
// Every change has to be refused with an error. One that is used (the command ends with 0), or that crashes (anything but a
// message written for whoever reads it), fails the check. The packages have to be built. It takes about half an hour.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';

import { main } from '../../apps/cli/dist/main.js';
import { readRunSummary } from '../../packages/run/dist/index.js';
import { ClipLungError } from '../../packages/tensor/dist/index.js';
import { makeDataset, trainOptions } from './small-run.mjs';

const { values } = parseArgs({
  options: {
    flips: { type: 'string', default: '300' },
    cuts: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'run-flips-'));
const at = (...names) => join(folder, ...names);

/** Runs a command in this process. An error that nobody catches ends the check, too. */
async function clipLung(...args) {
  let text = '';
  const into = new Writable({
    write(chunk, _, done) {
      text += chunk.toString();
      done();
    },
  });
  const code = await main(args, { out: into, err: into });
  return { code, text };
}

const done = async (...args) => {
  const { code, text } = await clipLung(...args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${text}`);
};

/** `used`, `refused`, or `crashed`. */
function outcomeOf({ code, text }) {
  if (code === 0) return 'used';
  const isTold = /^error: /m.test(text) && !text.includes('--verbose shows');
  return (code === 1 || code === 2) && isTold ? 'refused' : 'crashed';
}

async function summary() {
  try {
    await readRunSummary(at('run'));
    return { code: 0, text: '' };
  } catch (error) {
    const told = error instanceof ClipLungError ? '' : ' (--verbose shows)';
    return { code: 1, text: `error: ${error.message}${told}` };
  }
}

// Numbers from 0 to 1, the same for the same seed: mulberry32.
let state = Number(values.seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

function* damages(whole) {
  for (let i = 0; i < Number(values.flips); i++) {
    const bit = Math.floor(random() * whole.length * 8);
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    yield { what: `bit ${bit} flipped`, bytes: flipped };
  }
  for (let i = 0; i < Number(values.cuts); i++) {
    const length = Math.floor(random() * whole.length);
    yield {
      what: `cut to ${length} bytes`,
      bytes: whole.subarray(0, length),
    };
  }
}

const train = trainOptions(folder);
const crop = at('crop.npy');
try {
  await makeDataset(folder, done);
  await done('train', ...train, '--out', at('run'), '--fold', '0');
  await done('evaluate', at('run'));
  await done('export', at('run'), '--fold', '0', '--out', at('model.onnx'));
  const crops = await readFile(at('dataset/crops.npy'));
  const header = Buffer.from(
    crops
      .toString('latin1', 0, 128)
      .replace(/'shape': \(\d+, (32, 32, 32)\),/, "'shape': (32, 32, 32),")
      .slice(0, 127)
      .padEnd(127)
      .concat('\n'),
    'latin1',
  );
  await writeFile(
    crop,
    Buffer.concat([header, crops.subarray(128, 128 + 2 * 32 ** 3)]),
  );
  await done('predict', at('model.onnx'), crop);

  const reading = () => clipLung('train', ...train, '--out', at('never'));
  const going = () =>
    clipLung('train', ...train, '--out', at('run'), '--fold', '0', '--resume');
  const evaluating = () => clipLung('evaluate', at('run'));
  const exporting = () =>
    clipLung('export', at('run'), '--fold', '0', '--out', at('never.onnx'));
  const checkpoint = 'run/fold-0/checkpoints';
  const files = [
    ...['manifest.json', 'nodules.csv', 'folds.csv', 'scans.csv'].map((n) => [
      `dataset/${n}`,
      'train',
      reading,
    ]),
    ['dataset/readers.csv', 'train', reading],
    ['dataset/crops.npy', 'train', reading],
    ['run/experiment.json', 'evaluate', evaluating],
    ['run/fold-0/predictions.csv', 'evaluate', evaluating],
    ['run/fold-0/predictions.json', 'evaluate', evaluating],
    ['run/summary.json', 'readRunSummary', summary],
    [`${checkpoint}/last.safetensors`, 'export', exporting],
    [`${checkpoint}/best.safetensors`, 'export', exporting],
    [`${checkpoint}/last.safetensors`, 'train --resume', going],
    ['run/fold-0/metrics.jsonl', 'train --resume', going],
    [
      'model.onnx',
      'predict',
      () => clipLung('predict', at('model.onnx'), crop),
    ],
  ].filter(([name]) => name.includes(values.only));

  await cp(at('run'), at('kept'), { recursive: true });
  let wrong = 0;
  console.log('| file | bytes | read by | refused | used | crashed |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, command, run] of files) {
    const whole = await readFile(at(name));
    const counts = { refused: 0, used: 0, crashed: 0 };
    for (const { what, bytes } of damages(whole)) {
      await writeFile(at(name), bytes);
      const result = await run();
      const outcome = outcomeOf(result);
      counts[outcome] += 1;
      if (outcome === 'refused') continue;
      wrong += 1;
      console.error(`${name}, ${what}: ${outcome}: ${result.text}`);
      await rm(at('run'), { recursive: true });
      await cp(at('kept'), at('run'), { recursive: true });
    }
    await writeFile(at(name), whole);
    console.log(
      `| ${name} | ${whole.length} | ${command} | ${counts.refused} | ${counts.used} | ${counts.crashed} |`,
    );
  }
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
