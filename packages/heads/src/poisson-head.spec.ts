import {
  leaves,
  type NdArray,
  RandomStream,
  ShapeError,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { poissonHead } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const output = fc.float({ min: -100, max: 100, noNaN: true });
const count = fc.integer({ min: 2, max: 8 });

/** The logits of a head whose linear layer says `value`. */
function logits(
  value: number,
  classes: number,
  temperature = 1,
  learnTemperature = false,
): number[] {
  const fc = { weight: tf.zeros([1, 16]), bias: tf.tensor1d([value]) };
  const params = learnTemperature
    ? { fc, log_temperature: tf.scalar(Math.log(temperature)) }
    : { fc };
  const found = poissonHead({
    classes,
    features: 16,
    temperature,
    learnTemperature,
  }).apply(params, tf.zeros([1, 1, 8, 8]));
  return [...found.dataSync()];
}

const mode = (values: readonly number[]): number =>
  values.indexOf(Math.max(...values));

describe('the Poisson head', () => {
  it('is unimodal: logits rise up to one class, and fall beyond it', () => {
    fc.assert(
      fc.property(
        output,
        count,
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        (x, classes, temperature) => {
          const found = logits(x, classes, temperature);
          expect(found.every(Number.isFinite)).toBe(true);
          const top = mode(found);
          found.slice(1).forEach((logit, k) => {
            const before = found[k] ?? NaN;
            if (k + 1 <= top) expect(logit).toBeGreaterThanOrEqual(before);
            else expect(logit).toBeLessThanOrEqual(before);
          });
        },
      ),
    );
  });

  it('has its mode at the whole part of f, which grows with the output', () => {
    for (const f of [0.4, 1.4, 2.4, 3.4]) {
      const inverse = Math.log(Math.expm1(f));
      expect(mode(logits(inverse, 5))).toBe(Math.floor(f));
    }
    expect(mode(logits(-80, 5))).toBe(0);
    expect(mode(logits(80, 5))).toBe(4);
  });

  it('is the Poisson distribution, cut off at K classes', () => {
    const f = 1.7;
    const [a = NaN, b = NaN, c = NaN] = logits(Math.log(Math.expm1(f)), 3);
    expect(Math.exp(a)).toBeCloseTo(Math.exp(-f), 6);
    expect(Math.exp(b)).toBeCloseTo(f * Math.exp(-f), 6);
    expect(Math.exp(c)).toBeCloseTo((f * f * Math.exp(-f)) / 2, 6);
  });

  it('divides by τ, learnt or not', () => {
    fc.assert(
      fc.property(
        fc.float({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        (x, temperature) => {
          const plain = logits(x, 4);
          const fixed = logits(x, 4, temperature);
          const learnt = logits(x, 4, temperature, true);
          plain.forEach((logit, k) => {
            expect((fixed[k] ?? NaN) * temperature).toBeCloseTo(logit, 4);
            expect((learnt[k] ?? NaN) * temperature).toBeCloseTo(logit, 4);
          });
        },
      ),
    );
  });

  it('starts a learnt τ where the option says, and has none that is fixed', () => {
    const options = { classes: 3, features: 16, temperature: 0.25 };
    const learnt = poissonHead(options).init(new RandomStream(1));
    const found = new Map(leaves<NdArray<'float32'>>(learnt));
    expect(found.get('log_temperature')?.data[0]).toBeCloseTo(
      Math.log(0.25),
      6,
    );
    const fixed = poissonHead({ ...options, learnTemperature: false }).init(
      new RandomStream(1),
    );
    expect(leaves(fixed).map(([path]) => path)).toEqual([
      'fc.weight',
      'fc.bias',
    ]);
  });

  it.each([0, -1, NaN, Infinity])(
    'refuses a temperature of %d',
    (temperature) => {
      expect(() =>
        poissonHead({ classes: 3, features: 16, temperature }),
      ).toThrow(
        new ShapeError(
          `temperature is ${temperature}, expected a number above 0`,
        ),
      );
    },
  );
});
