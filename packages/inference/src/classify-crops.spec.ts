import { setImmediate } from 'node:timers/promises';

import type { OpenModel } from '@clip-lung/engine';
import {
  FileFormatError,
  float32,
  int32,
  type NdArray,
} from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { describeClassifier } from './classifier-description.js';
import { classifyCrops, mostProbable } from './classify-crops.js';

const hu = float32(
  [40, 1, 1, 1],
  Array.from({ length: 40 }, (_, i) => i),
);
const classes = ['benign', 'malignant'];

/** Of a crop of HU i, the probabilities are i and i − 50. */
const modelOf = (
  outputs: (given: NdArray) => Readonly<Record<string, NdArray>>,
  names = JSON.stringify(classes),
): OpenModel => ({
  inputs: [],
  outputs: [{ name: 'probabilities', dtype: 'float32', shape: ['batch', 2] }],
  producer: { name: '', version: '' },
  metadata: new Map([
    ['format_version', '1'],
    ['classes', names],
    ['collection', 'phantom'],
    ['text', 'none'],
    ['text_model', ''],
  ]),
  run: ({ hu: given }) => {
    if (given === undefined) throw new Error('no crops');
    return Promise.resolve(outputs(given));
  },
  release: () => Promise.resolve(),
});

const probabilities = ({ shape: [count = NaN], data }: NdArray): NdArray =>
  float32(
    [count, 2],
    [...data].flatMap((value) => [Number(value), Number(value) - 50]),
  );

const classify = (model: OpenModel, signal = new AbortController().signal) =>
  classifyCrops(model, hu, {
    file: 'a.onnx',
    classes,
    pause: () => setImmediate(undefined, { signal }),
  });

describe('classifyCrops', () => {
  it('gives a row for each crop, in order, though batches are smaller', async () => {
    const sizes: number[] = [];
    const rows = await classify(
      modelOf((given) => {
        sizes.push(given.shape[0] ?? NaN);
        return { probabilities: probabilities(given) };
      }),
    );
    expect(sizes).toEqual([32, 8]);
    expect(rows).toEqual(
      Array.from({ length: 40 }, (_, i) => [
        ['benign', i],
        ['malignant', i - 50],
      ]),
    );
    expect(mostProbable(rows[1] ?? [])).toBe('benign');
  });

  it.each<[string, Readonly<Record<string, NdArray>>, RegExp]>([
    [
      'no probabilities',
      { other: hu },
      /gives no "probabilities" for 32 crops/,
    ],
    [
      'those of fewer crops',
      { probabilities: float32([1, 2], [0, 1]) },
      /gives "probabilities" \[1, 2\] for 32 crops, expected \[32, 2\]/,
    ],
    [
      'those of more classes',
      { probabilities: float32([32, 3], new Float32Array(96)) },
      /\[32, 3\] for 32 crops, expected \[32, 2\]/,
    ],
    [
      'whole numbers',
      { probabilities: int32([32, 2], new Int32Array(64)) },
      /a\.onnx: "probabilities" is int32/,
    ],
  ])('refuses %s', async (_, outputs, message) => {
    await expect(classify(modelOf(() => outputs))).rejects.toThrow(message);
  });

  it('stops between two batches', async () => {
    const stop = new AbortController();
    let runs = 0;
    const model = modelOf((given) => {
      runs++;
      stop.abort();
      return { probabilities: probabilities(given) };
    });
    await expect(classify(model, stop.signal)).rejects.toThrow(/abort/);
    expect(runs).toBe(1);
  });
});

it('a classifier that names a class twice is refused: one probability would be lost', () => {
  const model = modelOf(() => ({}), '["benign", "benign"]');
  const describing = (): unknown => describeClassifier(model, 'a.onnx');
  expect(describing).toThrow(FileFormatError);
  expect(describing).toThrow(
    /"classes" is \["benign", "benign"\], expected .* that differ/,
  );
});
