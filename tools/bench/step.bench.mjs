// One full training step of the paper's preset, with a tower of ViT-B/16's size: forward pass, the four losses, gradients,
// SGD with momentum and weight decay, moving average. Ours, and PyTorch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createModel, resolveExperiment } from '@clip-lung/model';
import { float32, int32, leaves, RandomStream } from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';

import { askByTurns, startPeer } from './line-peer.mjs';
import { classes, drawEvenly, readTower, writeTower } from './prompt-task.mjs';
import { median } from './timing.mjs';

const nodules = 32;
const attributes = 8;

/** The designs: how many nodules one step takes. The published one keeps gigabytes for a few, and takes seconds for each. */
const designs = {
  ours: { step: nodules, label: 'this' },
  published: { step: 4, label: 'published design, PyTorch' },
  best: { step: nodules, label: 'best batched design, PyTorch' },
};
const rounds = 5;

/** Writes what all peers start from: the tower, the parameters of a new model, and a batch. */
async function writeTask(folder) {
  await writeTower(folder);
  const experiment = resolveExperiment({ text: { use: 'random' } });
  const model = createModel(experiment, {
    classes,
    tower: await readTower(folder),
  });
  const { params, statistics } = model.init(new RandomStream(1, 'bench-step'));
  const random = new RandomStream(1, 'bench-step-batch');
  const images = drawEvenly(random, 'images', 0.5, nodules, 32, 32, 32);
  const ratings = random.stream('ratings');
  const weights = Array.from({ length: nodules }, () => {
    const row = Array.from({ length: attributes }, () =>
      Math.exp(ratings.uniform(1, 5)),
    );
    const sum = row.reduce((total, value) => total + value);
    return row.map((value) => value / sum);
  });
  await writeSafetensors(join(folder, 'step.safetensors'), [
    ...leaves({ params, statistics }),
    ['images', images],
    [
      'labels',
      int32(
        [nodules],
        Array.from({ length: nodules }, (_, i) => i % classes.length),
      ),
    ],
    ['attributeWeights', float32([nodules, attributes], weights.flat())],
  ]);
}

/** Figures are only worth comparing between peers that compute the same. */
function expectSame(what, found, expected) {
  found.forEach((value, i) => {
    const error = Math.abs(value / expected[i] - 1);
    if (!(error < 1e-3)) {
      throw new Error(
        `${what} do not compute the same: their losses are ${found.join(', ')} and ${expected.join(', ')}`,
      );
    }
  });
}

const details = new Map();

/**
 * @returns `{ ours, published, best }`, each `{ perSecond, peakMB, nodules }`, nodules being how many a step took;
 *   PyTorch's where there is Python
 */
export async function run({ note, python, wants }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-step-'));
  const start = (name) =>
    name === 'ours'
      ? startPeer('step-peer.mjs', [folder])
      : startPeer('bench_step.py', [name, folder], python);
  const figures = {};
  const losses = {};
  try {
    note('writing a tower of the size of ViT-B/16, with random weights');
    await writeTask(folder);
    const peers = new Map();
    for (const name of Object.keys(designs)) {
      if (name === 'ours' || (python !== null && wants(name))) {
        peers.set(name, await start(name));
      }
    }
    note(`${[...peers.keys()].join(', ')}: ${rounds} rounds`);
    const line = (name) => `step ${designs[name].step}`;
    const answers = await askByTurns(peers, line, rounds);
    for (const [name, peer] of peers) {
      const results = answers.get(name);
      const { step } = designs[name];
      figures[name] = {
        perSecond: (1000 * step) / median(results.map(({ ms }) => ms)),
        peakMB: Math.max(...results.map(({ peakMB }) => peakMB)),
        nodules: step,
      };
      losses[name] = results.map(({ loss }) => loss);
      const cpuMs = median(results.map((result) => result.cpuMs));
      details.set(name, { cpuSeconds: cpuMs / 1000 / step, ...peer.about });
      await peer.end();
    }
    if (losses.best) expectSame('ours and best', losses.ours, losses.best);
    if (losses.published) {
      // Their batches differ, and so do their normalisations: the best design on the published one's batch.
      const peer = await start('best');
      const check = new Map([['best', peer]]);
      const results = await askByTurns(check, () => line('published'), rounds);
      await peer.end();
      const expected = results.get('best').map(({ loss }) => loss);
      expectSame('published and best', losses.published, expected);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return figures;
}

export function format(result) {
  const lines = Object.entries(result).map(([name, figure]) => {
    const { perSecond, peakMB, nodules: step } = figure;
    const { cpuSeconds, layout } = details.get(name);
    return [
      designs[name].label.padEnd(30),
      `${perSecond.toFixed(2).padStart(6)} nodules/s`,
      `${peakMB.toFixed(0).padStart(6)} MB for ${step} nodules`,
      `${cpuSeconds.toFixed(3)} CPU s a nodule`,
      `ours is ${(result.ours.perSecond / perSecond).toFixed(2)}×`,
      ...(layout === undefined ? [] : [`images are ${layout}`]),
    ].join('  ');
  });
  return [
    `A training step of the preset paper: ResNet-18, tower of ViT-B/16's size, ${nodules} nodules, ${classes.length} classes, ${attributes} attributes, T = 4`,
    ...lines,
  ].join('\n');
}
