// Evaluation of a run of a million made-up nodules: reading, figures, and the interval by patient.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { foldPaths, writePredictions, writeRunRecord } from '@clip-lung/run';
import { RandomStream, softmax } from '@clip-lung/tensor';

import { runPeer } from './peer.mjs';

const nodules = 1_000_000;
const patients = 300_000;
const folds = 5;
const classes = ['benign', 'unsure', 'malignant'];

async function writeRun(folder) {
  await writeRunRecord(folder, {
    formatVersion: 1,
    experiment: {},
    data: { collection: 'phantom', folder: '', nodules, subset: 'A', folds },
    text: 'none',
    textModel: '',
    textSha256: null,
    classes,
    engine: 'onnx',
    device: 'cpu',
    software: {},
  });
  const random = new RandomStream(1, 'bench', 'evaluate');
  for (let fold = 0; fold < folds; fold++) {
    const rows = Array.from({ length: nodules / folds }, (_, i) => {
      const label = random.integer(classes.length);
      const probabilities = softmax(
        classes.map((_name, k) => random.normal(k === label ? 0.6 : 0)),
      );
      return {
        nodule: `${fold}-${i}`,
        patient: `${fold}-${random.integer(patients / folds)}`,
        label,
        prediction: probabilities.indexOf(Math.max(...probabilities)),
        probabilities,
      };
    });
    await writePredictions(foldPaths(folder, fold).predictions, {
      classes,
      rows,
    });
  }
}

/** Figures are only worth comparing between peers that compute the same. */
function expectSame(ours, theirs) {
  for (const [name, value] of Object.entries(theirs.figures)) {
    if (Math.abs(ours.figures[name] - value) < 1e-9) continue;
    throw new Error(`${name} is ${ours.figures[name]}, and ${value} there`);
  }
  // An end of the interval has a standard error of 4 % of its half width, and there are two of them.
  const width = theirs.interval.high - theirs.interval.low;
  for (const end of ['low', 'high']) {
    if (Math.abs(ours.interval[end] - theirs.interval[end]) < 0.1 * width)
      continue;
    throw new Error(
      `the interval's ${end} is ${ours.interval[end]}, and ${theirs.interval[end]} there`,
    );
  }
}

/** @returns `{ ours, python, speedUp }`; the last two null where there is no Python */
export async function run({ note, python }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-evaluate-'));
  try {
    note(`writing ${nodules} predictions`);
    await writeRun(folder);
    note('evaluate');
    const ours = await runPeer('evaluate-peer.mjs', [folder]);
    if (python === null) return { ours, python: null, speedUp: null };
    note('scikit-learn and numpy');
    const peer = await runPeer('bench_evaluate.py', [folder], python);
    expectSame(ours, peer);
    const again = await runPeer('evaluate-peer.mjs', [folder]);
    const seconds = Math.min(ours.seconds, again.seconds);
    return {
      ours: { ...ours, seconds },
      python: peer,
      speedUp: peer.seconds / seconds,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function format({ ours, python, speedUp }) {
  const line = (name, { seconds, peakMegabytes }) =>
    `${name.padEnd(22)} ${seconds.toFixed(1).padStart(6)} s ${peakMegabytes.toFixed(0).padStart(6)} MB at most`;
  const lines = [
    `A run of ${nodules} nodules of ${patients} patients: all figures, 2000 resamples of patients`,
    line('evaluate', ours),
  ];
  if (python === null) return lines.join('\n');
  return [
    ...lines,
    line('scikit-learn, numpy', python),
    `${speedUp.toFixed(2)} times as fast`,
  ].join('\n');
}
