// Inference, image encoder and head at the paper's size: the exported model, and PyTorch in evaluation mode.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportOnnx } from '@clip-lung/engine';
import { createModel, resolveExperiment } from '@clip-lung/model';
import { leaves, RandomStream } from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';
import { randomTower } from '@clip-lung/text-encoder';

import { askByTurns, startPeer } from './line-peer.mjs';
import { classes, drawEvenly } from './prompt-task.mjs';
import { median } from './timing.mjs';

/** In a batch; one alone is timed as often as many times. */
const nodules = 32;
const singles = 100;
const rounds = 7;

const labels = { ours: 'this, the exported model', torch: 'PyTorch' };

const bytesOf = (tree) =>
  leaves(tree).reduce((sum, [, { data }]) => sum + data.byteLength, 0);

/**
 * Writes a model as `clip-lung export` does, trained with text or not being all the same, and its weights for PyTorch.
 *
 * @throws Error when more than the image encoder's and the head's weights went into the file
 */
async function writeTask(folder) {
  const experiment = resolveExperiment({
    text: { use: 'random' },
    prompt: {
      use: 'channel-conditional',
      attributeTemplate: 'the nodule has a {attribute}.',
    },
  });
  const tower = randomTower({ seed: 1, width: 512, heads: 8, embedding: 512 });
  const model = createModel(experiment, { classes, tower });
  const { params, statistics } = model.init(new RandomStream(1, 'predict'));
  const crop = [model.cropSize, model.cropSize, model.cropSize];
  const file = exportOnnx(
    ({ frozen, inputs: { images } }) => ({
      outputs: {
        logits: model.predict(frozen.params, frozen.statistics, images),
      },
    }),
    {
      name: 'clip_lung',
      inputs: { images: { shape: ['batch', ...crop] } },
      frozen: { params, statistics },
    },
  );
  const needed = bytesOf({
    image: params.image,
    head: params.head,
    statistics,
  });
  if (file.length > 1.02 * needed) {
    throw new Error(
      `the exported model has ${file.length} bytes, the image encoder and the head ${needed}: it holds more than it needs`,
    );
  }
  await writeFile(join(folder, 'model.onnx'), file);
  await writeSafetensors(
    join(folder, 'weights.safetensors'),
    leaves({ params: { image: params.image, head: params.head }, statistics }),
  );
  const random = new RandomStream(1, 'predict-images');
  await writeSafetensors(join(folder, 'images.safetensors'), [
    ['images', drawEvenly(random, 'images', 0.5, nodules, ...crop)],
  ]);
  return file.length / 2 ** 20;
}

/** The value below which 95 % of the values are. */
const p95 = (values) =>
  [...values].sort((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1];

function figuresOf(batches, alone) {
  const all = [...batches, ...alone];
  const times = alone.flatMap(({ ms }) => ms);
  return {
    perSecond: (1000 * nodules) / median(batches.map(({ ms }) => ms)),
    latencyMs: { median: median(times), p95: p95(times) },
    peakMB: Math.max(...all.map(({ peakMB }) => peakMB)),
  };
}

/** Figures are only worth comparing between peers that compute the same. */
function expectSame(ours, torch) {
  const largest = Math.max(...torch.map(Math.abs));
  const error = Math.max(...torch.map((x, i) => Math.abs(x - ours[i])));
  if (!(error < 1e-4 * largest)) {
    throw new Error(
      `ours and PyTorch do not compute the same: logits differ by ${error}, and are ${largest} at most`,
    );
  }
}

const about = {};

/**
 * @returns `{ ours, torch }`, each `{ perSecond, latencyMs: { median, p95 }, peakMB }`; PyTorch's where there is Python
 * @throws Error when our process needs memory for more than the model and its work
 */
export async function run({ note, python }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-predict-'));
  const peers = new Map();
  try {
    const modelMB = await writeTask(folder);
    peers.set('ours', await startPeer('predict-peer.mjs', [folder]));
    if (python !== null) {
      peers.set('torch', await startPeer('bench_predict.py', [folder], python));
    }
    note(`${rounds} rounds of ${nodules} nodules, and as many one by one`);
    const batches = await askByTurns(peers, () => `batch ${nodules}`, rounds);
    const alone = await askByTurns(peers, () => `singles ${singles}`, rounds);
    const result = {};
    for (const [name, peer] of peers) {
      result[name] = figuresOf(batches.get(name), alone.get(name));
      about[name] = peer.about;
      await peer.end();
    }
    if (python !== null) {
      expectSame(batches.get('ours')[0].logits, batches.get('torch')[0].logits);
    }
    expectLean(result.ours.peakMB - about.ours.emptyMB, modelMB);
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * What the process came to need, less what it needs with nothing loaded, must be the model (as a file, as ONNX Runtime's
 * own copy, and packed for its kernels) and the maps of one batch. A text tower would be at least 150 MB more.
 */
function expectLean(grownMB, modelMB) {
  const allowed = 4 * modelMB + 150;
  if (grownMB > allowed) {
    throw new Error(
      `inference took ${grownMB.toFixed(0)} MB, a model of ${modelMB.toFixed(0)} MB should take ${allowed.toFixed(0)} at most`,
    );
  }
}

export function format(result) {
  const lines = Object.entries(result).map(
    ([name, { perSecond, latencyMs, peakMB }]) =>
      [
        labels[name].padEnd(26),
        `${perSecond.toFixed(1).padStart(7)} nodules/s`,
        `${latencyMs.median.toFixed(1).padStart(6)} ms for one (95 % within ${latencyMs.p95.toFixed(1)})`,
        `${peakMB.toFixed(0).padStart(5)} MB`,
        `ours is ${(result.ours.perSecond / perSecond).toFixed(2)}×, one by one ${(latencyMs.median / result.ours.latencyMs.median).toFixed(2)}×`,
        ...(about[name].form === undefined ? [] : [`as ${about[name].form}`]),
      ].join('  '),
  );
  return [
    `Inference, ResNet-18 and head: ${nodules} nodules at a time, and one`,
    ...lines,
  ].join('\n');
}
