import {
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Dataset } from '@clip-lung/data';
import {
  headersOf,
  indexSeries,
  listFiles,
  readDataset,
} from '@clip-lung/data/node';
import { exportOnnx, openOnnx } from '@clip-lung/engine';
import { labels } from '@clip-lung/lidc';
import { foldPaths, type Predictions, readPredictions } from '@clip-lung/run';
import { float32, NdArray } from '@clip-lung/tensor';
import { writeNpy } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import * as ortWeb from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

// Threads of WebAssembly need a page that is isolated, or a worker: one is enough here.
ortWeb.env.wasm.numThreads = 1;

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

const experiment = {
  ...smallExperiment,
  training: { epochs: 2, batchSize: 8, learningRate: 0.05, emaWarmup: true },
};

const side = 32;
const voxels = side ** 3;
let dataset: Dataset;
let predictions: Predictions;
/** The crops of the nodules in `predictions`, in their order. */
let testCrops: NdArray<'int16'>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'predict-'));
  await writeFile(at('small.json'), JSON.stringify(experiment));
  await clipLung('phantom', at('lidc'), '--patients', '15', '--seed', '2');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  const train = ['train', at('small.json'), '--data', at('dataset')];
  for (const fold of ['0', '1']) {
    await clipLung(...train, '--out', at('run'), '--fold', fold);
  }
  dataset = await readDataset(at('dataset'));
  predictions = await readPredictions(foldPaths(at('run'), 1));
  const ids = dataset.nodules.map(({ id }) => id);
  const crops = new Int16Array(predictions.rows.length * voxels);
  predictions.rows.forEach(({ nodule }, i) => {
    const row = ids.indexOf(nodule);
    const from = dataset.crops.data.subarray(row * voxels, (row + 1) * voxels);
    crops.set(from, i * voxels);
  });
  testCrops = new NdArray(
    'int16',
    [predictions.rows.length, side, side, side],
    crops,
  );
  await writeNpy(at('crops.npy'), testCrops);
  await clipLung('export', at('run'), '--fold', '1', '--out', at('model.onnx'));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

interface Predicted {
  readonly data: string;
  readonly text: string;
  readonly classes: readonly string[];
  readonly predictions: readonly {
    readonly class: string;
    readonly probabilities: Readonly<Record<string, number>>;
  }[];
}

async function predict(...args: readonly string[]): Promise<Predicted> {
  const { code, out, err } = await clipLung('predict', ...args, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Predicted;
}

/** What the trainer wrote, to the digits that a predictions file holds. */
function expectTrainers(found: Predicted): void {
  expect(found.predictions).toHaveLength(predictions.rows.length);
  predictions.rows.forEach(({ probabilities, prediction }, i) => {
    const own = found.predictions[i];
    probabilities.forEach((probability, k) => {
      const name = predictions.classes[k] ?? '';
      expect(own?.probabilities[name]).toBeCloseTo(probability, 5);
    });
    expect(own?.class).toBe(predictions.classes[prediction]);
  });
}

describe('clip-lung export and predict', () => {
  it('give the probabilities that the trainer wrote for its test nodules', async () => {
    const found = await predict(at('model.onnx'), at('crops.npy'));
    expect(found).toMatchObject({
      data: 'phantom',
      text: 'random',
      classes: labels,
    });
    expectTrainers(found);
    // Numbers that do not differ would agree with anything.
    const first = found.predictions.map(
      ({ probabilities }) => probabilities['malignant'] ?? 0,
    );
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(1e-3);
  });

  it('predict the same from the run itself', async () => {
    expectTrainers(await predict(at('run'), at('crops.npy'), '--fold', '1'));
  });

  it('predict the same from the DICOM series, at the place of the nodule', async () => {
    const row = predictions.rows[0];
    const nodule = dataset.nodules.find(({ id }) => id === row?.nodule);
    if (row === undefined || nodule === undefined) throw new Error('no nodule');
    const { x, y, z, diameter, patient } = nodule;
    const found = await predict(
      at('model.onnx'),
      at('lidc', patient),
      '--at',
      `${x},${y},${z}`,
      '--diameter',
      String(diameter),
    );
    // The crop is cut anew from numbers that were rounded: to within 1 HU.
    expect(found.predictions).toHaveLength(1);
    row.probabilities.forEach((probability, k) => {
      const name = predictions.classes[k] ?? '';
      const own = found.predictions[0]?.probabilities[name];
      expect(own).toBeCloseTo(probability, 3);
    });
  });

  it('refuse a nodule whose slices are missing, and when forced tell all that prepare would', async () => {
    const [nodule] = dataset.nodules;
    if (nodule === undefined) throw new Error('no nodule');
    const { x, y, z, diameter, patient } = nodule;
    const holed = at('holed');
    await cp(at('lidc', patient), holed, { recursive: true });
    const slices = await indexSeries(await listFiles(holed));
    const [set] = slices.series.values();
    if (set === undefined) throw new Error('no series');
    const near = headersOf(set)
      .map((header, i) => ({ header, path: set.paths[i] ?? '' }))
      .filter(({ header: { position } }) => {
        const height = position?.[2] ?? NaN;
        return Math.abs(height - z) < diameter;
      });
    const [damaged, ...gone] = near;
    if (damaged === undefined) throw new Error('no slice near the nodule');
    expect(gone.length).toBeGreaterThan(1);
    for (const { path } of gone) await rm(path);
    const whole = await readFile(damaged.path);
    await writeFile(damaged.path, whole.subarray(0, whole.length - 100));
    const args = [at('model.onnx'), holed, '--at', `${x},${y},${z}`];
    const place = ['--diameter', String(diameter)];
    const refused = await clipLung('predict', ...args, ...place);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toMatch(/slices are missing where the crop lies/);
    expect(refused.err).toContain(damaged.header.file);
    const forced = await clipLung(
      'predict',
      ...args,
      ...place,
      '--force',
      '--json',
    );
    expect(forced.code).toBe(0);
    const { warnings } = JSON.parse(forced.out) as {
      warnings: { code: string; message: string }[];
    };
    expect(warnings.map(({ code }) => code)).toEqual([
      'unreadable-dicom',
      'slice-gap',
      'crop-across-gap',
    ]);
    for (const { message } of warnings) expect(forced.err).toContain(message);
  });

  it('predict the same of crops that are more than one batch', async () => {
    const count = 70;
    const own = predictions.rows.length;
    const many = new Int16Array(count * voxels);
    for (let i = 0; i < count; i++) {
      const from = (i % own) * voxels;
      many.set(testCrops.data.subarray(from, from + voxels), i * voxels);
    }
    const crops = new NdArray('int16', [count, side, side, side], many);
    await writeNpy(at('many.npy'), crops);
    const found = await predict(at('model.onnx'), at('many.npy'));
    expect(found.predictions).toHaveLength(count);
    expectTrainers({ ...found, predictions: found.predictions.slice(0, own) });
    found.predictions.forEach(({ probabilities }, i) => {
      for (const [name, value] of Object.entries(probabilities)) {
        const first = found.predictions[i % own]?.probabilities[name] ?? NaN;
        expect(value).toBeCloseTo(first, 5);
      }
    });
  });

  it('the model runs in ONNX Runtime for browsers, to the same numbers', async () => {
    const bytes = await readFile(at('model.onnx'));
    const session = await ortWeb.InferenceSession.create(bytes);
    expect(session.inputNames).toEqual(['hu']);
    const hu = Float32Array.from(testCrops.data);
    const { probabilities } = await session.run({
      hu: new ortWeb.Tensor('float32', hu, testCrops.shape),
    });
    const values = probabilities?.data as Float32Array;
    const wanted = predictions.rows.flatMap((row) => row.probabilities);
    expect(values).toHaveLength(wanted.length);
    wanted.forEach((probability, i) => {
      expect(values[i]).toBeCloseTo(probability, 5);
    });
  });

  it('the model says what it is and what it was trained on', async () => {
    const model = await openOnnx(await readFile(at('model.onnx')), {
      file: 'm',
    });
    expect(model.inputs).toEqual([
      { name: 'hu', dtype: 'float32', shape: ['batch', side, side, side] },
    ]);
    expect(model.outputs).toEqual([
      { name: 'probabilities', dtype: 'float32', shape: ['batch', 3] },
    ]);
    expect(model.producer.name).toBe('clip-lung');
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      classes: JSON.stringify(labels),
      collection: 'phantom',
      text: 'random',
      hu_window: '[-1000,400]',
      hu_preprocessing: expect.stringMatching(
        /^The model does it: give HU as they are\..*\(clipped\)/,
      ) as unknown,
      counting: 'fold and epoch are counted from 0',
      subset: 'A',
      fold: '1',
    });
    await model.release();
  });

  it('say in words what must not be forgotten', async () => {
    const exported = await clipLung(
      'export',
      at('run'),
      '--fold',
      '0',
      '--out',
      at('other.onnx'),
    );
    expect(exported.code).toBe(0);
    expect(exported.out).toMatch(/simulated nodules.*random text tower/);
    const { out } = await clipLung(
      'predict',
      at('other.onnx'),
      at('crops.npy'),
    );
    expect(out).toMatch(/^malignant\s+\d+\.\d %/m);
    expect(out).toMatch(/simulated nodules \(phantom\)/);
    expect(out).toMatch(/not a medical finding/);
  });
});

describe('what cannot be exported or predicted', () => {
  const cases: readonly (readonly [
    args: readonly string[],
    code: number,
    problem: RegExp,
  ])[] = [
    [
      ['export', 'run', '--out', 'new.onnx'],
      2,
      /has the folds 0, 1; say which with --fold/,
    ],
    [
      ['export', 'run', '--fold', '4', '--out', 'new.onnx'],
      1,
      /fold 4 has no last checkpoint/,
    ],
    [['export', 'dataset', '--out', 'new.onnx'], 1, /this is not a run folder/],
    [
      ['predict', 'nowhere', 'crops.npy'],
      2,
      /nowhere: there is no such file or folder/,
    ],
    [
      ['predict', 'small.json', 'crops.npy'],
      1,
      /small\.json: is not an ONNX model/,
    ],
    [
      ['predict', 'foreign.onnx', 'crops.npy'],
      1,
      /metadata lacks "format_version"/,
    ],
    [
      ['predict', 'model.onnx', 'crops.npy', '--fold', '1'],
      2,
      /--fold only applies to a run/,
    ],
    [['predict', 'model.onnx', 'lidc'], 2, /--at x,y,z/],
    [
      ['predict', 'model.onnx', 'lidc', '--at', '-1,2'],
      2,
      /expected three numbers/,
    ],
    [['predict', 'model.onnx', 'crops.npy', '--diameter', '9'], 2, /give --at/],
    [
      ['predict', 'model.onnx', 'lidc', '--at', '-1,2,-3.5'],
      1,
      /holds 15 CT series/,
    ],
    [
      ['predict', 'model.onnx', 'flat.npy'],
      1,
      /flat\.npy: is \[2, 2\], expected \[32, 32, 32\]/,
    ],
    [
      ['predict', 'model.onnx', 'scaled.npy'],
      1,
      /from 0 to 0\.5, as images scaled to 0…1 do; expected unscaled HU/,
    ],
  ];

  beforeAll(async () => {
    await writeNpy(at('flat.npy'), float32([2, 2], [1, 2, 3, 4]));
    const scaled = new Float32Array(voxels).fill(0.5);
    scaled[0] = 0;
    await writeNpy(at('scaled.npy'), float32([side, side, side], scaled));
    const same = ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
      outputs: { y: x },
    });
    const bytes = exportOnnx(same, { inputs: { x: { shape: [1] } } });
    await writeFile(at('foreign.onnx'), bytes);
  });

  it.each(cases)('%j', async (args, code, problem) => {
    const names = await readdir(folder);
    const inFolder = args.map((arg) =>
      names.includes(arg) || /^(nowhere|new\.onnx)$/.test(arg) ? at(arg) : arg,
    );
    const found = await clipLung(...inFolder);
    expect(found.err).toMatch(problem);
    expect([found.code, found.out]).toEqual([code, '']);
    await expect(stat(at('new.onnx'))).rejects.toThrow();
  });
});
