import {
  leaves,
  type NdArray,
  RandomStream,
  ShapeError,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import { linearHead } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

// Its arithmetic is compared with PyTorch's in resnet18.spec.ts.
describe('linearHead', () => {
  it('starts uniform within ±1/√inputs, as PyTorch’s Linear', () => {
    const params = linearHead({ classes: 3, features: 400 }).init(
      new RandomStream(1),
    );
    const found = leaves<NdArray<'float32'>>(params);
    expect(found.map(([path, { shape }]) => [path, shape])).toEqual([
      ['fc.weight', [3, 400]],
      ['fc.bias', [3]],
    ]);
    const [[, weight] = []] = found;
    const largest = Math.max(...(weight?.data ?? []).map(Math.abs));
    expect(largest).toBeLessThanOrEqual(0.05);
    expect(largest).toBeGreaterThan(0.049); // of 1,200 draws
  });

  it.each([
    [
      { classes: 0, features: 16 },
      'classes is 0, expected a whole number of at least 1',
    ],
    [{ classes: 3, features: 40 }, 'features is 40, expected a multiple of 16'],
  ])('refuses %o', (options, message) => {
    expect(() => linearHead(options)).toThrow(new ShapeError(message));
  });

  it('refuses features and weights of another shape', () => {
    const head = linearHead({ classes: 3, features: 32 });
    const params = { fc: { weight: tf.zeros([3, 32]), bias: tf.zeros([3]) } };
    expect(() => head.apply(params, tf.zeros([1, 4, 8, 8]))).toThrow(
      new ShapeError(
        'the features are [1, 4, 8, 8], a linear head of 32 takes [any, 2, 8, 8]',
      ),
    );
    expect(() => head.apply({}, tf.zeros([1, 2, 8, 8]))).toThrow(
      '- fc.weight [3, 32]\n- fc.bias [3]',
    );
  });
});
