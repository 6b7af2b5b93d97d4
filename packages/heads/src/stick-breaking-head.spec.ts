import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { stickBreakingHead } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const outputs = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), {
  minLength: 1,
  maxLength: 6,
});

function logits(values: readonly number[]): number[] {
  const fc = {
    weight: tf.zeros([values.length, 16]),
    bias: tf.tensor1d([...values]),
  };
  const found = stickBreakingHead({
    classes: values.length + 1,
    features: 16,
  }).apply({ fc }, tf.zeros([1, 1, 8, 8]));
  return [...found.dataSync()];
}

describe('the stick-breaking head', () => {
  it('breaks the whole stick: its parts add up to 1', () => {
    fc.assert(
      fc.property(outputs, (values) => {
        const parts = logits(values).map(Math.exp);
        expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('has a finite logarithm for every part, however small', () => {
    fc.assert(
      fc.property(outputs, (values) => {
        expect(logits(values).every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('takes from what is left: a half, half of the rest, and the rest', () => {
    const parts = logits([0, 0]).map(Math.exp);
    [0.5, 0.25, 0.25].forEach((part, k) => {
      expect(parts[k]).toBeCloseTo(part, 6);
    });
  });

  it('knows nothing of later breaks where it breaks', () => {
    fc.assert(
      fc.property(
        outputs,
        fc.float({ min: -9, max: 9, noNaN: true }),
        (values, other) => {
          const changed = [...values.slice(0, -1), other];
          expect(logits(changed).slice(0, -2)).toEqual(
            logits(values).slice(0, -2),
          );
        },
      ),
    );
  });

  it('refuses a single class', () => {
    expect(() => stickBreakingHead({ classes: 1, features: 16 })).toThrow(
      new ShapeError(
        'classes is 1, a stick-breaking head needs at least 2 to put in order',
      ),
    );
  });
});
