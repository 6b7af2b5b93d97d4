import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { crossEntropy, focal, type Loss, LossOptionError } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), {
  minLength: 2,
  maxLength: 5,
});
const gamma = fc.double({ min: 0, max: 5, noNaN: true });

/** Of one nodule, whose class is the first. */
function inputs(values: readonly number[]) {
  return {
    logits: tf.tensor2d([[...values]]),
    targets: tf.tensor2d([values.map((_, k) => Number(k === 0))]),
    groups: tf.zeros<tf.Rank.R3>([1, 1, 1]),
  };
}
const cost = (loss: Loss, values: readonly number[]): number =>
  loss.compute(inputs(values)).arraySync();

describe('the focal loss', () => {
  it('with γ = 0 is cross-entropy, exactly', () => {
    fc.assert(
      fc.property(logits, (values) => {
        expect(cost(focal({ gamma: 0 }), values)).toBe(
          cost(crossEntropy(), values),
        );
      }),
    );
  });

  it('is (1 − p)^γ times cross-entropy', () => {
    fc.assert(
      fc.property(logits, gamma, (values, gamma) => {
        const top = Math.max(...values);
        const exps = values.map((x) => Math.exp(x - top));
        const others = exps.slice(1).reduce((a, b) => a + b);
        const all = others + (exps[0] ?? NaN);
        const expected =
          (others / all) ** gamma * -Math.log((exps[0] ?? NaN) / all);
        // The logits, up to 30, round to 2e-6, and γ multiplies their differences.
        expect(cost(focal({ gamma }), values)).toBeCloseTo(expected, 4);
      }),
    );
  });

  it('counts what is well classified the less, the larger γ is', () => {
    fc.assert(
      fc.property(logits, gamma, gamma, (values, a, b) => {
        const more = cost(focal({ gamma: Math.max(a, b) }), values);
        const less = cost(focal({ gamma: Math.min(a, b) }), values);
        expect(more).toBeLessThanOrEqual(less + 1e-5);
      }),
    );
  });

  it.each([0.5, 1, 2])(
    'with γ = %d has a finite gradient where p rounds to 1',
    (gamma) => {
      const gradient = tf.grad((logits) =>
        focal({ gamma }).compute({
          ...inputs([0, 0]),
          logits: logits as tf.Tensor2D,
        }),
      )(tf.tensor2d([[200, -200]]));
      expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    },
  );

  it('refuses a negative γ, and targets that would only fit by broadcasting', () => {
    expect(() => focal({ gamma: -1 })).toThrow(
      new LossOptionError(
        'gamma of the loss "focal" is -1, expected a number of at least 0',
      ),
    );
    expect(() =>
      focal().compute({ ...inputs([1, 2]), targets: tf.ones([1, 1]) }),
    ).toThrow(
      new ShapeError(
        'targets of shape [1, 1] do not fit logits of shape [1, 2], expected the same',
      ),
    );
  });
});
