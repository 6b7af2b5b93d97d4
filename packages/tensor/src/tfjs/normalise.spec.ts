import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { normalise } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const gradient = (x: number[], dy: number[]): number[] => [
  ...tf
    .grad((t) => normalise(t))(tf.tensor1d(x), tf.tensor1d(dy))
    .dataSync(),
];

const numbers = fc.float({ min: -4, max: 4, noNaN: true });
const vector = fc.array(numbers, { minLength: 3, maxLength: 3 });

describe('normalise', () => {
  it('divides each vector of the last axis by its length', () => {
    const x = tf.tensor3d([
      [
        [3, 4],
        [0, -2],
      ],
    ]);
    const expected = [0.6, 0.8, 0, -1];
    normalise(x)
      .dataSync()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] ?? NaN, 6);
      });
  });

  it('has the gradient (dy − (dy·u) u) / ‖x‖, with u the unit vector', () => {
    fc.assert(
      fc.property(
        vector.filter((x) => Math.hypot(...x) > 0.1),
        vector,
        (x, dy) => {
          const length = Math.hypot(...x);
          const u = x.map((value) => value / length);
          const along = u.reduce(
            (sum, value, i) => sum + value * (dy[i] ?? NaN),
            0,
          );
          gradient(x, dy).forEach((value, i) => {
            const expected = ((dy[i] ?? NaN) - along * (u[i] ?? NaN)) / length;
            expect(Math.abs(value - expected)).toBeLessThan(1e-5 / length);
          });
        },
      ),
    );
  });

  // What torch.nn.functional.normalize gives: a vector below 1e-12 is divided by 1e-12.
  it('maps zero to zero, with a finite gradient', () => {
    expect([...normalise(tf.zeros([2])).dataSync()]).toEqual([0, 0]);
    gradient([0, 0], [1, -2]).forEach((value, i) => {
      expect(value / 1e12).toBeCloseTo(i === 0 ? 1 : -2, 5);
    });
  });

  it('divides a vector below 1e-12 by 1e-12', () => {
    const [value] = normalise(tf.tensor1d([3e-13])).dataSync();
    expect(value).toBeCloseTo(0.3, 5);
  });
});
