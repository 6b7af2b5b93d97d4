// Intervals of a study's figures: 2,600 nodules, 2,000 resamples of patients.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runPeer } from './peer.mjs';
import { nodules, studyCases } from './statistics-cases.mjs';

/** @returns `{ ours, python }`; python null where there is none. Seconds by figure */
export async function run({ note, python }) {
  note(`${nodules} nodules`);
  const ours = await runPeer('statistics-peer.mjs', []);
  if (python === null) return { ours, python: null };
  note('scikit-learn');
  const folder = await mkdtemp(join(tmpdir(), 'bench-statistics-'));
  try {
    const file = join(folder, 'cases.json');
    await writeFile(file, JSON.stringify(studyCases(1)));
    const peer = await runPeer('bench_statistics.py', [file], python);
    return { ours, python: peer };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function format({ ours, python }) {
  const total = Object.values(ours.figures).reduce((sum, one) => sum + one, 0);
  const line = (name, value) => {
    const peer = python?.figures[name];
    const beside =
      peer === undefined
        ? ''
        : `${peer.toFixed(2).padStart(8)} s  ${(peer / value).toFixed(1)} times as fast`;
    return `${name.padEnd(28)} ${value.toFixed(2).padStart(6)} s ${beside}`;
  };
  return [
    `${nodules} nodules, 2000 resamples of patients, seconds; beside them scikit-learn’s, of the same resamples as weights`,
    ...Object.entries(ours.figures).map(([name, value]) => line(name, value)),
    `${'all figures'.padEnd(28)} ${total.toFixed(2).padStart(6)} s`,
    ...Object.entries(ours.differences).map(([name, value]) =>
      line(`two methods, three seeds: ${name}`, value),
    ),
  ].join('\n');
}
