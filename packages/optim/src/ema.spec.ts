import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import { ema, emaDecay, HyperparameterError } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

describe('ema', () => {
  it('weighs the average and the parameters, leaf by leaf', () => {
    const averaged = ema(
      { a: { weight: tf.tensor1d([4, 8]) } },
      { a: { weight: tf.tensor1d([8, 4]) } },
      tf.scalar(0.75),
    ) as { readonly a: { readonly weight: tf.Tensor } };
    expect([...averaged.a.weight.dataSync()]).toEqual([5, 7]);
  });

  it('keeps the average at decay 1, and takes the parameters at 0', () => {
    const average = tf.tensor1d([1, 2]);
    const params = tf.tensor1d([3, 4]);
    const at = (decay: number): number[] => [
      ...(ema(average, params, tf.scalar(decay)) as tf.Tensor).dataSync(),
    ];
    expect(at(1)).toEqual([1, 2]);
    expect(at(0)).toEqual([3, 4]);
  });
});

describe('emaDecay', () => {
  it('is the decay without warm-up', () => {
    expect(emaDecay(0, 0.999, false)).toBe(0.999);
  });

  it('rises as (1 + step) / (10 + step) to the decay with warm-up', () => {
    expect([0, 8, 100_000].map((step) => emaDecay(step, 0.999, true))).toEqual([
      0.1, 0.5, 0.999,
    ]);
  });

  it.each([
    [0, 1.5, 'decay is 1.5, expected [0, 1]'],
    [-1, 0.5, 'step is -1, expected at least 0'],
  ])('refuses step %d with decay %d', (step, decay, message) => {
    expect(() => emaDecay(step, decay, true)).toThrow(HyperparameterError);
    expect(() => emaDecay(step, decay, true)).toThrow(message);
  });
});
