import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  averagePrecision,
  binaryAuc,
  brierScore,
  decisionCurve,
  delongAuc,
  delongTest,
  expectedCost,
  MetricsInputError,
  meanAbsoluteError,
  netBenefitMetric,
  ordinalConcordance,
  rankedProbabilityScore,
  rocCurve,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
} from '../index.js';

/** Positives and two scores of few values, so that there are ties. */
const scored = fc
  .array(
    fc.tuple(
      fc.boolean(),
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: -5, max: 5 }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((items) => ({
    positive: items.map(([is]) => is),
    scores: items.map(([, score]) => score),
    others: items.map(([, , score]) => score),
  }));

describe('DeLong', () => {
  it('mirrors where sides or classifiers change places', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores, others }) => {
        const found = delongAuc({ positive, scores });
        const mirrored = delongAuc({
          positive: positive.map((is) => !is),
          scores,
        });
        if (found === undefined) {
          expect(mirrored).toBeUndefined();
          return;
        }
        expect(found.auc).toBeCloseTo(binaryAuc(positive, scores) ?? NaN, 12);
        expect(mirrored?.auc).toBeCloseTo(1 - found.auc, 12);
        expect(mirrored?.variance).toBeCloseTo(found.variance, 12);
        if (found.interval !== null) {
          const { low, high } = found.interval;
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThan(found.auc);
          expect(high).toBeGreaterThan(found.auc);
        }
        const there = delongTest({ positive, a: scores, b: others });
        const back = delongTest({ positive, a: others, b: scores });
        expect(back?.difference).toBeCloseTo(-(there?.difference ?? NaN), 12);
        expect(back?.pValue ?? 2).toBeCloseTo(there?.pValue ?? 2, 9);
      }),
    );
  });

  it('knows no more when every nodule of a patient is listed twice', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores }) => {
        const patients = positive.map((_is, i) => `p${i}`);
        const once = delongAuc({ positive, scores, groups: patients });
        const twice = delongAuc({
          positive: [...positive, ...positive],
          scores: [...scores, ...scores],
          groups: [...patients, ...patients],
        });
        expect(once).toEqual(delongAuc({ positive, scores }));
        if (once === undefined) expect(twice).toBeUndefined();
        else expect(twice?.variance).toBeCloseTo(once.variance, 12);
      }),
    );
  });

  it('is undefined of one side, and says nothing of one that is perfect', () => {
    expect(
      delongAuc({ positive: [true, true], scores: [1, 2] }),
    ).toBeUndefined();
    // One positive: a variance is of two.
    expect(
      delongAuc({ positive: [true, false, false], scores: [1, 2, 0] }),
    ).toBeUndefined();
    const perfect = { positive: [false, false, true, true] };
    expect(delongAuc({ ...perfect, scores: [1, 2, 3, 4] })).toEqual({
      auc: 1,
      variance: 0,
      interval: null,
    });
    const same = delongTest({ ...perfect, a: [1, 3, 2, 4], b: [1, 3, 2, 4] });
    expect(same).toEqual({
      difference: 0,
      variance: 0,
      interval: null,
      z: null,
      pValue: null,
    });
  });
});

describe('curves', () => {
  it('average precision does not change under a rising function, and keeps to its bounds', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores }) => {
        const found = averagePrecision(positive, scores);
        const cubes = scores.map((score) => score ** 3 + score);
        expect(averagePrecision(positive, cubes)).toBe(found);
        if (!positive.includes(true)) expect(found).toBeUndefined();
        else {
          expect(found).toBeGreaterThan(0);
          expect(found).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('the ROC curve rises from nothing to all, and its area is the AUC', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores }) => {
        const points = rocCurve(positive, scores);
        const area = binaryAuc(positive, scores);
        if (points === undefined) {
          expect(area).toBeUndefined();
          return;
        }
        expect(points[0]).toMatchObject({ sensitivity: 0, specificity: 1 });
        expect(points.at(-1)).toMatchObject({ sensitivity: 1, specificity: 0 });
        let trapezoids = 0;
        for (const [i, { sensitivity, specificity }] of points.entries()) {
          const before = points[i - 1];
          if (before === undefined) continue;
          expect(sensitivity).toBeGreaterThanOrEqual(before.sensitivity);
          trapezoids +=
            ((before.specificity - specificity) *
              (sensitivity + before.sensitivity)) /
            2;
        }
        expect(trapezoids).toBeCloseTo(area ?? NaN, 12);
      }),
    );
  });

  it('operating points keep what is fixed, and are reached by their threshold', () => {
    fc.assert(
      fc.property(
        scored,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ positive, scores }, part) => {
          const sensitive = sensitivityAtSpecificity(positive, scores, part);
          const specific = specificityAtSensitivity(positive, scores, part);
          if (sensitive === undefined || specific === undefined) {
            expect(binaryAuc(positive, scores)).toBeUndefined();
            return;
          }
          expect(sensitive.specificity).toBeGreaterThanOrEqual(part);
          expect(specific.sensitivity).toBeGreaterThanOrEqual(part);
          for (const point of [sensitive, specific]) {
            const chosen = scores.map((score) => score >= point.threshold);
            const right = (side: boolean): number => {
              const own = chosen.filter((_is, i) => positive[i] === side);
              return own.filter((is) => is === side).length / own.length;
            };
            expect(right(true)).toBe(point.sensitivity);
            expect(right(false)).toBe(point.specificity);
          }
        },
      ),
    );
  });
});

describe('figures of ordered classes', () => {
  it('of two classes are the AUC and half the Brier score', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores }) => {
        const labels = positive.map(Number);
        expect(ordinalConcordance(labels, scores)).toBe(
          binaryAuc(positive, scores),
        );
        const rows = scores.map((score) => {
          const p = (score + 5) / 10;
          return [1 - p, p];
        });
        expect(rankedProbabilityScore(labels, rows)).toBeCloseTo(
          brierScore(labels, rows) / 2,
          12,
        );
      }),
    );
  });

  it('charge more for what is further away', () => {
    expect(meanAbsoluteError([0, 0], [1, 2])).toBe(1.5);
    const near = rankedProbabilityScore([0], [[0, 1, 0]]);
    const far = rankedProbabilityScore([0], [[0, 0, 1]]);
    expect([near, far]).toEqual([0.5, 1]);
  });

  it('concordance is undefined of one class', () => {
    expect(ordinalConcordance([1, 1], [0.2, 0.4])).toBeUndefined();
  });
});

describe('net benefit', () => {
  it('of treating all is 0 where the threshold is the prevalence', () => {
    const [at] = decisionCurve(
      [true, false, false, false],
      [1, 0, 0, 0],
      [0.25],
    );
    expect(at?.all).toBeCloseTo(0, 12);
    expect(at?.model).toBe(0.25);
  });

  it('is that of treating all below every probability, and of none above', () => {
    fc.assert(
      fc.property(scored, ({ positive, scores }) => {
        const probabilities = scores.map((score) => (score + 10) / 20);
        const [low, high] = decisionCurve(positive, probabilities, [0.1, 0.9]);
        expect(low?.model).toBe(low?.all);
        expect(high?.model).toBe(0);
      }),
    );
  });
});

describe('refuses', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a threshold of 1',
      () => decisionCurve([true], [0.5], [1]),
      /a threshold is 1, expected \(0, 1\)/,
    ],
    [
      'a threshold in percent',
      () => netBenefitMetric({ positiveClass: 1, threshold: 20 }),
      /the threshold is 20/,
    ],
    [
      'a specificity in percent',
      () => sensitivityAtSpecificity([true, false], [1, 0], 90),
      /the specificity is 90, expected 0 to 1/,
    ],
    [
      'costs of too few classes',
      () =>
        expectedCost(
          [
            [1, 0],
            [0, 1],
          ],
          [[0, 1]],
        ),
      /costs has 1 rows, expected 2/,
    ],
    [
      'a negative cost',
      () =>
        expectedCost(
          [
            [1, 0],
            [0, 1],
          ],
          [
            [0, -1],
            [1, 0],
          ],
        ),
      /costs\[0\] is 0, -1, expected 2 finite numbers from 0/,
    ],
    [
      'a score of NaN',
      () => delongAuc({ positive: [true, false], scores: [NaN, 1] }),
      /scores\[0\] is NaN/,
    ],
    [
      'fewer patients',
      () =>
        delongAuc({ positive: [true, false], scores: [0, 1], groups: ['p'] }),
      /2 labels and 1 groups/,
    ],
    [
      'a level of 95',
      () => delongAuc({ positive: [true, false], scores: [0, 1], level: 95 }),
      /level is 95/,
    ],
    [
      'a label that is no class',
      () => ordinalConcordance([0.5, 1], [0, 1]),
      /labels\[0\] is 0\.5/,
    ],
  ])('%s', (_name, act, message) => {
    expect(act).toThrow(MetricsInputError);
    expect(act).toThrow(message);
  });
});
