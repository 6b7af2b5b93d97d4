import { mapTree, type NdArray, RandomStream } from '@clip-lung/tensor';
import { toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { unsureHead } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const number = fc.float({ min: -50, max: 50, noNaN: true });
const steps = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), {
  maxLength: 4,
});

function logits(
  score: number,
  first: number,
  steps: readonly number[],
): number[] {
  const thresholds =
    steps.length === 0
      ? { first: tf.tensor1d([first]) }
      : { first: tf.tensor1d([first]), steps: tf.tensor1d([...steps]) };
  const fc = { weight: tf.zeros([1, 16]), bias: tf.tensor1d([score]) };
  const found = unsureHead({ classes: steps.length + 2, features: 16 }).apply(
    { fc, thresholds },
    tf.zeros([1, 1, 8, 8]),
  );
  return [...found.dataSync()];
}

describe('the unsure-data head', () => {
  it('gives a distribution, whose logarithms are finite', () => {
    fc.assert(
      fc.property(number, number, steps, (score, first, deltas) => {
        const found = logits(score, first, deltas);
        expect(found.every(Number.isFinite)).toBe(true);
        const sum = found.map(Math.exp).reduce((a, b) => a + b);
        // Thresholds of up to 100 are float32: their rounding, 4e-6, shows where two classes meet.
        expect(Math.abs(sum - 1)).toBeLessThan(2e-5);
      }),
    );
  });

  it('moves what is probable upwards with the score', () => {
    fc.assert(
      fc.property(
        number,
        fc.float({ min: Math.fround(0.1), max: 5, noNaN: true }),
        fc.float({ min: -5, max: 5, noNaN: true }),
        steps,
        (score, more, first, deltas) => {
          const atMost = (values: readonly number[]): number[] =>
            values.map((_, k) =>
              values
                .slice(0, k + 1)
                .reduce((sum, value) => sum + Math.exp(value), 0),
            );
          const low = atMost(logits(score, first, deltas));
          const high = atMost(logits(score + more, first, deltas));
          high.forEach((probability, k) => {
            expect(probability).toBeLessThanOrEqual((low[k] ?? NaN) + 1e-5);
          });
        },
      ),
    );
  });

  it('calls unsure what lies between the thresholds', () => {
    const mode = (score: number): number => {
      const found = logits(score, -3, [6]);
      return found.indexOf(Math.max(...found));
    };
    expect([-5, -2, 0, 2, 5].map(mode)).toEqual([0, 1, 1, 1, 2]);
  });

  it.each([2, 3, 4, 7])(
    'starts where a score of 0 makes all of %i classes equally probable',
    (classes) => {
      const head = unsureHead({ classes, features: 16 });
      const params = mapTree(
        head.init(new RandomStream(1)),
        (array: NdArray<'float32'>, path) =>
          path.startsWith('fc.')
            ? tf.zeros([...array.shape])
            : toTensors(array),
      );
      const found = head.apply(params, tf.zeros([1, 1, 8, 8]));
      for (const logit of found.dataSync())
        expect(Math.exp(logit)).toBeCloseTo(1 / classes, 6);
    },
  );

  it('refuses a single class', () => {
    expect(() => unsureHead({ classes: 1, features: 16 })).toThrow(
      'an unsure-data head needs at least 2 to put in order',
    );
  });
});
