import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  effectiveNumberWeights,
  inverseFrequencyWeights,
} from './class-weights.js';
import {
  classBalanced,
  costSensitive,
  crossEntropy,
  LossOptionError,
  MissingInputError,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const counts = fc.array(fc.integer({ min: 1, max: 5000 }), {
  minLength: 2,
  maxLength: 5,
});
const beta = fc.constantFrom(0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999);

const weightsOf = (counts: readonly number[], beta: number): number[] => [
  ...effectiveNumberWeights(tf.tensor1d([...counts]), beta).dataSync(),
];

const nodules = {
  logits: tf.tidy(() =>
    tf.randomNormal<tf.Rank.R2>([5, 3], 0, 2, 'float32', 4),
  ),
  targets: [0, 1, 2, 2, 1],
};
function inputs(classCounts?: readonly number[]) {
  return {
    logits: nodules.logits,
    targets: tf.oneHot(
      tf.tensor1d(nodules.targets, 'int32'),
      3,
      1,
      0,
      'float32',
    ) as tf.Tensor2D,
    groups: tf.zeros<tf.Rank.R3>([5, 1, 1]),
    classCounts: classCounts && tf.tensor1d([...classCounts]),
  };
}

describe('weights of effective numbers', () => {
  it('are the paper’s formula, scaled to add up to K', () => {
    fc.assert(
      fc.property(counts, beta, (counts, beta) => {
        const plain = counts.map((n) => (1 - beta) / (1 - beta ** n));
        const sum = plain.reduce((a, b) => a + b);
        weightsOf(counts, beta).forEach((weight, k) => {
          const expected = ((plain[k] ?? NaN) / sum) * counts.length;
          expect(Math.abs(weight - expected)).toBeLessThan(1e-5 * expected);
        });
      }),
    );
  });

  it('are larger for rarer classes', () => {
    fc.assert(
      fc.property(counts, beta, (counts, beta) => {
        const weights = weightsOf(counts, beta);
        const byCount = counts
          .map((count, k) => ({ count, weight: weights[k] ?? NaN }))
          .sort((a, b) => a.count - b.count);
        byCount.slice(1).forEach(({ weight }, i) => {
          expect(weight).toBeLessThanOrEqual(
            (byCount[i]?.weight ?? NaN) * (1 + 1e-6),
          );
        });
      }),
    );
  });

  it('go from ones, at β = 0, to inverse frequencies as β nears 1', () => {
    expect(weightsOf([5, 50, 500], 0)).toEqual([1, 1, 1]);
    const inverse = inverseFrequencyWeights(tf.tensor1d([5, 50, 500]));
    weightsOf([5, 50, 500], 1 - 1e-9).forEach((weight, k) => {
      expect(weight).toBeCloseTo(inverse.arraySync()[k] ?? NaN, 5);
    });
  });

  it('are 0 for a class that has no nodules', () => {
    const [none, ...some] = weightsOf([0, 10, 10], 0.99);
    expect(none).toBe(0);
    expect(some).toEqual([1.5, 1.5]);
  });
});

describe.each([
  { loss: classBalanced({ beta: 0.99 }), name: 'class-balanced' },
  { loss: costSensitive(), name: 'cost-sensitive' },
])('$name', ({ loss }) => {
  it('with equal counts is cross-entropy', () => {
    const expected = crossEntropy().compute(inputs()).arraySync();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (n) => {
        const found = loss.compute(inputs([n, n, n])).arraySync();
        expect(found).toBeCloseTo(expected, 5);
      }),
    );
  });

  it('says that it needs the counts, and misses them', () => {
    expect(loss.needs).toEqual(['class-counts']);
    expect(() => loss.compute(inputs())).toThrow(MissingInputError);
    expect(() => loss.compute(inputs())).toThrow('needs classCounts');
  });

  it('refuses counts of other classes', () => {
    expect(() => loss.compute(inputs([1, 2]))).toThrow(
      new ShapeError(
        'the class counts are [2], expected [3], one for each class of the logits',
      ),
    );
  });
});

describe('cost-sensitive with costs of one’s own', () => {
  it('needs no counts, and multiplies what each class costs', () => {
    const loss = costSensitive({ costs: [0, 0, 3] });
    expect(loss.needs).toEqual([]);
    const ofLast = tf.tidy(() =>
      tf.mean(
        tf.mul(
          tf.slice(tf.logSoftmax(nodules.logits), [2, 2], [2, 1]),
          (-3 * 2) / 5, // two nodules of five
        ),
      ),
    );
    expect(loss.compute(inputs()).arraySync()).toBeCloseTo(
      ofLast.arraySync() as number,
      5,
    );
  });

  it('refuses negative costs, and costs of other classes', () => {
    expect(() => costSensitive({ costs: [1, -1, 1] })).toThrow(
      new LossOptionError(
        'one of the costs of the loss "cost-sensitive" is -1, expected numbers of at least 0',
      ),
    );
    expect(() => costSensitive({ costs: [1, 1] }).compute(inputs())).toThrow(
      'costs has 2 numbers, expected 3, one for each class',
    );
  });
});

it.each([-0.1, 1, NaN])('class-balanced refuses a β of %d', (beta) => {
  expect(() => classBalanced({ beta })).toThrow(
    new LossOptionError(
      `beta of the loss "class-balanced" is ${beta}, expected at least 0 and less than 1`,
    ),
  );
});
