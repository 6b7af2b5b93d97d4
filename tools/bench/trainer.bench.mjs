// What training takes besides the engine: batches, sums, validation's figures, checkpoints, log. With the paper's method, 32
// nodules a step and a tower of ViT-B/16's size; and whether memory grows over twenty epochs of a small model.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runPeer } from './peer.mjs';
import { writeTower } from './prompt-task.mjs';
import { median } from './timing.mjs';

/** Of a fold of LIDC-IDRI: of 2,654 nodules a fifth is tested, and of the others a fifth validated. */
const stepsOfLidc = 53;

export async function run({ note, wants }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-trainer-'));
  try {
    const result = {};
    if (wants('overhead')) {
      note('writing the tower');
      await writeTower(folder);
      note('two epochs with it');
      result.overhead = overheadOf(
        await runPeer('trainer-peer.mjs', [folder, 'overhead']),
      );
    }
    if (wants('memory')) {
      note('twenty epochs of a small model');
      result.memory = memoryOf(
        await runPeer('trainer-peer.mjs', [folder, 'memory']),
      );
    }
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function overheadOf({ parts }) {
  const sum = (key, list) => list.reduce((total, one) => total + one[key], 0);
  const besides = ({ wall, engine }) => wall - engine;
  const steps = parts.filter(({ kind }) => kind === 'step');
  const ends = parts.filter(({ kind }) => kind === 'epoch');
  const ofStep = median(steps.map(besides));
  const ofEpoch = median(ends.map(besides));
  const step = median(steps.map(({ wall }) => wall));
  const epochOfLidc = stepsOfLidc * step + median(ends.map(({ wall }) => wall));
  return {
    steps: steps.length,
    epochs: ends.length,
    secondsPerStep: step,
    besidesPerStep: ofStep,
    besidesPerEpoch: ofEpoch,
    share: 1 - sum('engine', parts) / sum('wall', parts),
    shareOfLidc: (stepsOfLidc * ofStep + ofEpoch) / epochOfLidc,
  };
}

function memoryOf({ megabytes }) {
  // By the first epochs, all that is made once is there.
  const settled = megabytes.slice(4);
  const middle = (settled.length - 1) / 2;
  const mean = settled.reduce((sum, one) => sum + one, 0) / settled.length;
  const [over, under] = settled.reduce(
    ([a, b], one, i) => [
      a + (i - middle) * (one - mean),
      b + (i - middle) ** 2,
    ],
    [0, 0],
  );
  return { megabytes, growthPerEpoch: over / under, mean };
}

export function format({ overhead, memory }) {
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  const lines = [];
  if (overhead !== undefined) {
    lines.push(
      `besides the engine: ${percent(overhead.share)} of ${overhead.epochs} epochs of ${overhead.steps / overhead.epochs} steps; ${percent(overhead.shareOfLidc)} of an epoch of LIDC-IDRI's ${stepsOfLidc} steps`,
      `  ${percent(overhead.besidesPerStep / overhead.secondsPerStep)} of a step (${overhead.secondsPerStep.toFixed(2)} s), and ${percent(overhead.besidesPerEpoch / overhead.secondsPerStep)} of one at the end of each epoch`,
    );
  }
  if (memory !== undefined) {
    const { megabytes, growthPerEpoch, mean } = memory;
    lines.push(
      `memory after each of ${megabytes.length} epochs: ${megabytes.map((one) => one.toFixed(0)).join(' ')} MB; from the fifth on it changes by ${growthPerEpoch.toFixed(2)} MB an epoch, ${percent(growthPerEpoch / mean)}`,
    );
  }
  return lines.join('\n');
}
