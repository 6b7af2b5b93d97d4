import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Dataset } from '@clip-lung/data';
import { readDataset } from '@clip-lung/data/node';
import { labels } from '@clip-lung/lidc';
import {
  foldPaths,
  type Predictions,
  readMetrics,
  readPredictions,
} from '@clip-lung/run';
import { NdArray } from '@clip-lung/tensor';
import { writeNpy } from '@clip-lung/tensor/node';
import * as ortWeb from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung } from '../test/clip-lung.js';

ortWeb.env.wasm.numThreads = 1;

const experiment = fileURLToPath(
  new URL('../../../experiments/clip-lung-3d.ts', import.meta.url),
);
const voxels = 32 ** 3;
let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

let dataset: Dataset;
let predictions: Predictions;
let crops: NdArray<'int16'>;

/** The experiment, made as small as it goes. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'volumes-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  const trained = await clipLung(
    ...['train', experiment, '--data', at('dataset'), '--out', at('run')],
    ...['--fold', '0', '--set', 'training.epochs=2'],
    ...['--set', 'training.batchSize=8', '--set', 'image.width=2'],
    ...['--set', 'text={"use": "random", "width": 16, "layers": 1}'],
    ...['--set', 'prompt.attributeTemplate=the nodule has a {attribute}.'],
  );
  expect(trained).toMatchObject({ code: 0 });
  dataset = await readDataset(at('dataset'));
  predictions = await readPredictions(foldPaths(at('run'), 0));
  const ids = dataset.nodules.map(({ id }) => id);
  crops = new NdArray(
    'int16',
    [predictions.rows.length, 32, 32, 32],
    new Int16Array(predictions.rows.length * voxels),
  );
  predictions.rows.forEach(({ nodule }, i) => {
    const row = ids.indexOf(nodule);
    const own = dataset.crops.data.subarray(row * voxels, (row + 1) * voxels);
    crops.data.set(own, i * voxels);
  });
  await writeNpy(at('crops.npy'), crops);
  const exported = ['export', at('run'), '--out', at('model.onnx')];
  expect(await clipLung(...exported)).toMatchObject({ code: 0 });
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

interface Predicted {
  readonly predictions: readonly {
    readonly probabilities: Readonly<Record<string, number>>;
  }[];
}

/** What the trainer wrote, to the digits that a predictions file holds. */
function expectTrainers(found: readonly (readonly number[])[]): void {
  expect(found).toHaveLength(predictions.rows.length);
  predictions.rows.forEach(({ probabilities }, i) => {
    probabilities.forEach((probability, k) => {
      expect(found[i]?.[k]).toBeCloseTo(probability, 5);
    });
  });
}

describe('a run of resnet18-3d', () => {
  it('has learnt: its loss falls, and its nodules differ', async () => {
    const { epochs } = await readMetrics(foldPaths(at('run'), 0).metrics);
    const losses = epochs.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? NaN);
    const first = predictions.rows.map(({ probabilities }) => probabilities[0]);
    expect(new Set(first).size).toBe(first.length);
  });

  it.each(['the exported model', 'the run'])(
    'is predicted with from %s, to what the trainer wrote',
    async (what) => {
      const source =
        what === 'the run' ? [at('run'), '--fold', '0'] : [at('model.onnx')];
      const { out, code } = await clipLung(
        ...['predict', ...source, at('crops.npy'), '--json'],
      );
      expect(code).toBe(0);
      const found = JSON.parse(out) as Predicted;
      expectTrainers(
        found.predictions.map(({ probabilities }) =>
          labels.map((label) => probabilities[label] ?? NaN),
        ),
      );
    },
  );

  it('runs in ONNX Runtime for browsers, to the same numbers', async () => {
    const bytes = await readFile(at('model.onnx'));
    const session = await ortWeb.InferenceSession.create(bytes);
    const { probabilities } = await session.run({
      hu: new ortWeb.Tensor('float32', Float32Array.from(crops.data), [
        ...crops.shape,
      ]),
    });
    const values = probabilities?.data as Float32Array;
    expectTrainers(
      predictions.rows.map((_, i) => [
        ...values.subarray(i * labels.length, (i + 1) * labels.length),
      ]),
    );
  });
});
