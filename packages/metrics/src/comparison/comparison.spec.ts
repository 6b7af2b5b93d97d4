import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  accuracyMetric,
  builtInMetrics,
  type Cases,
  clusteredProportion,
  confusionMatrix,
  correctedT,
  holm,
  mcnemar,
  meanDeviation,
  MetricsInputError,
  overFolds,
  wilsonInterval,
} from '../index.js';

describe('McNemar', () => {
  it('has the mid-p of all outcomes: the likelier ones not, the equally likely ones half', () => {
    for (let trials = 0; trials <= 14; trials++) {
      for (let onlyA = 0; onlyA <= trials; onlyA++) {
        const found = mcnemar(
          // The last one both have right.
          new Array<number>(trials + 1).fill(1),
          Array.from({ length: trials + 1 }, (_a, i) =>
            i < onlyA || i === trials ? 1 : 0,
          ),
          Array.from({ length: trials + 1 }, (_b, i) => (i < onlyA ? 0 : 1)),
        );
        const ways = Array.from({ length: trials + 1 }, (_way, k) =>
          choose(trials, k),
        );
        const own = choose(trials, onlyA);
        const sumOf = (is: (way: number) => boolean): number =>
          ways.filter(is).reduce((sum, way) => sum + way, 0) / 2 ** trials;
        const rarer = sumOf((way) => way < own);
        const alike = sumOf((way) => way === own);
        expect(found.exactPValue).toBeCloseTo(rarer + alike, 12);
        expect(found.midPValue).toBeCloseTo(
          trials === 0 ? 1 : rarer + alike / 2,
          12,
        );
      }
    }
  });

  it('counts no nodule that both have right, or wrong', () => {
    expect(mcnemar([0, 0, 1, 1], [0, 1, 1, 0], [0, 1, 0, 1])).toMatchObject({
      onlyA: 1,
      onlyB: 1,
    });
  });

  it('does not underflow of many nodules', () => {
    const count = 4000;
    const found = mcnemar(
      new Array<number>(count).fill(1),
      Array.from({ length: count }, (_a, i) => Number(i < 1900)),
      Array.from({ length: count }, (_b, i) => Number(i >= 1900)),
    );
    // By the normal distribution with continuity correction: z = (100 − 0.5) / √1000.
    expect(found.exactPValue).toBeCloseTo(0.00165, 4);
  });
});

describe('the corrected t', () => {
  const shared = { trained: 80, tested: 20 };
  it('is narrower than the plain one by no fold', () => {
    const differences = [0.1, 0.2, 0.15, 0.05, 0.12];
    const { mean, deviation } = meanDeviation(differences);
    const plain = mean / (deviation / Math.sqrt(5));
    const found = correctedT({ ...shared, differences });
    // √(1/5 + 1/4) for √(1/5): 1.5 times the error.
    expect(found.t).toBeCloseTo(plain / 1.5, 12);
  });

  it('is null of a fold without a figure, and of folds that differ by the same', () => {
    expect(correctedT({ ...shared, differences: [0.1, null] })).toEqual({
      difference: null,
      t: null,
      pValue: null,
      interval: null,
      reason: 'the figure is undefined in fold 1',
    });
    expect(correctedT({ ...shared, differences: [0.25, 0.25] })).toMatchObject({
      difference: 0.25,
      pValue: null,
      reason: 'all folds differ by the same',
    });
  });

  it('refuses one fold, no training nodules, and what is not a number', () => {
    for (const options of [
      { ...shared, differences: [0.1] },
      { ...shared, trained: 0, differences: [0.1, 0.2] },
      { ...shared, differences: [0.1, NaN] },
    ]) {
      expect(() => correctedT(options)).toThrow(MetricsInputError);
    }
  });
});

describe('Holm', () => {
  it('makes no p-value smaller, none larger than Bonferroni would, and keeps their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (pValues) => {
          const adjusted = holm(pValues);
          for (const [i, p] of pValues.entries()) {
            const own = adjusted[i] ?? NaN;
            expect(own).toBeGreaterThanOrEqual(p);
            expect(own).toBeLessThanOrEqual(Math.min(1, p * pValues.length));
            for (const [j, q] of pValues.entries()) {
              if (p < q) expect(own).toBeLessThanOrEqual(adjusted[j] ?? NaN);
            }
          }
        },
      ),
    );
  });

  it('refuses what is not a p-value', () => {
    expect(() => holm([0.1, 1.2])).toThrow(/pValues\[1\] is 1\.2/);
    expect(() => holm([NaN])).toThrow(MetricsInputError);
  });
});

describe('over folds', () => {
  const auc = builtInMetrics.find(({ name }) => name === 'auc');
  const one = casesOf([0, 1, 0, 1], [0.2, 0.9, 0.4, 0.3]);
  const benign = casesOf([0, 0], [0.1, 0.6]);

  it('is the mean ± deviation of the folds, and the figure of all together', () => {
    const other = casesOf([1, 0], [0.2, 0.1]);
    const found = overFolds(accuracyMetric, [one, benign, other]);
    expect(found.perFold).toEqual([0.75, 0.5, 0.5]);
    expect(found).toMatchObject({
      mean: 7 / 12,
      deviation: meanDeviation([0.75, 0.5, 0.5]).deviation,
      defined: 3,
      pooled: 5 / 8,
    });
  });

  it('counts a fold of one class as undefined, not as 0', () => {
    expect(auc).toBeDefined();
    if (auc === undefined) return;
    const found = overFolds(auc, [one, benign]);
    expect(found.perFold).toEqual([0.75, null]);
    expect(found).toMatchObject({ mean: 0.75, deviation: null, defined: 1 });
    expect(overFolds(auc, [benign])).toMatchObject({
      mean: null,
      deviation: null,
      defined: 0,
      pooled: null,
    });
  });

  it('refuses no folds, and folds of other classes', () => {
    expect(() => overFolds(accuracyMetric, [])).toThrow(/there are no folds/);
    const odd = { ...one, classes: ['benign', 'unsure'] };
    expect(() => overFolds(accuracyMetric, [one, odd])).toThrow(
      /the classes of fold 1 are benign, unsure, expected benign, malignant/,
    );
  });
});

describe('a proportion by patient', () => {
  it('of one case each is a little wider than Wilson’s, by the t distribution', () => {
    const successes = Array.from({ length: 200 }, (_s, i) => i % 4 !== 0);
    const { interval, designEffect } = clusteredProportion(
      successes,
      successes.map((_s, i) => `p${i}`),
    );
    const { low, high } = wilsonInterval(150, 200);
    expect(designEffect).toBeCloseTo(200 / 199, 12);
    expect(interval?.low).toBeLessThan(low);
    expect(interval?.low).toBeCloseTo(low, 2);
    expect(interval?.high).toBeCloseTo(high, 2);
  });

  it('knows no more when every case is listed twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 40 }),
        (successes) => {
          const groups = successes.map((_s, i) => `p${i}`);
          const once = clusteredProportion(successes, groups);
          const twice = clusteredProportion(
            [...successes, ...successes],
            [...groups, ...groups],
          );
          const [low, high] = [twice.interval?.low, twice.interval?.high];
          expect(low).toBeCloseTo(once.interval?.low ?? NaN, 12);
          expect(high).toBeCloseTo(once.interval?.high ?? NaN, 12);
        },
      ),
    );
  });

  it('has a width where all succeed, and none of one patient', () => {
    const all = clusteredProportion(
      [true, true, true, true],
      ['a', 'a', 'b', 'b'],
    );
    expect(all.interval?.high).toBe(1);
    expect(all.interval?.low).toBeLessThan(0.5);
    expect(clusteredProportion([true, false], ['a', 'a'])).toMatchObject({
      proportion: 0.5,
      interval: null,
      designEffect: null,
    });
  });
});

function casesOf(
  labels: readonly number[],
  malignant: readonly number[],
): Cases {
  const predictions = malignant.map((p) => Number(p > 0.5));
  return {
    classes: ['benign', 'malignant'],
    areOrdered: true,
    labels,
    predictions,
    probabilities: malignant.map((p) => [1 - p, p]),
    confusion: confusionMatrix(labels, predictions, 2),
  };
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - i + 1)) / i;
  return Math.round(ways);
}
