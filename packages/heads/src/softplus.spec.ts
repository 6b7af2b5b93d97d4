import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { logSigmoid, logSoftplus, softplus } from './softplus.js';

beforeAll(() => tf.setBackend('cpu'));

/** The same in float64; log1p(eˣ) itself is exact for x below the overflow of eˣ. */
const exactly = {
  softplus: (x: number) => (x > 700 ? x : Math.log1p(Math.exp(x))),
  logSoftplus: (x: number) =>
    x < -700 ? x : Math.log(exactly.softplus(Math.fround(x))),
  logSigmoid: (x: number) => -exactly.softplus(-x),
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Also numbers whose exponentials float32 does not have. */
const input = fc.oneof(
  fc.float({ min: -30, max: 30, noNaN: true }),
  fc.constantFrom(0, -0, 1e-20, -1e-20, 90, -90, 1e4, -1e4),
);

const value = (f: (x: tf.Tensor) => tf.Tensor, x: number): number =>
  f(tf.scalar(x)).arraySync() as number;
const slope = (f: (x: tf.Tensor) => tf.Tensor, x: number): number =>
  tf.grad(f)(tf.scalar(x)).arraySync() as number;

describe.each([
  { name: 'softplus', f: softplus, derivative: sigmoid },
  {
    name: 'logSoftplus',
    f: logSoftplus,
    derivative: (x: number) => (x < -30 ? 1 : sigmoid(x) / exactly.softplus(x)),
  },
  { name: 'logSigmoid', f: logSigmoid, derivative: (x: number) => sigmoid(-x) },
] as const)('$name', ({ name, f, derivative }) => {
  it('is what float64 gives, to float32’s rounding', () => {
    fc.assert(
      fc.property(input, (x) => {
        const expected = exactly[name](x);
        const error = Math.abs(value(f, x) - expected);
        // A few roundings; near log softplus's own zero, of the 1 beside it.
        expect(error).toBeLessThanOrEqual(
          5e-7 * Math.max(Math.abs(expected), name === 'logSoftplus' ? 1 : 0) +
            1e-38,
        );
      }),
    );
  });

  it('has its derivative everywhere', () => {
    fc.assert(
      fc.property(input, (x) => {
        expect(slope(f, x)).toBeCloseTo(derivative(x), 5);
      }),
    );
  });
});
