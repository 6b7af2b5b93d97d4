import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  accuracy,
  binaryAuc,
  brierScore,
  calibrationBins,
  classScores,
  confusionMatrix,
  expectedCalibrationError,
  macroScores,
  majorityAccuracy,
  majorityClass,
  meanDeviation,
  MetricsInputError,
  oneVersusRestAuc,
  wilsonInterval,
} from './index.js';

const classes = 3;

/** Labels and predictions, each 0 to 2. */
const answers = fc
  .array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })), { minLength: 1 })
  .map((pairs) => ({
    labels: pairs.map(([label]) => label),
    predictions: pairs.map(([, prediction]) => prediction),
  }));

/** Labels and probabilities [N, 3] with many equal values. */
const rated = fc
  .array(
    fc.tuple(
      fc.nat({ max: 2 }),
      fc.array(fc.integer({ min: 1, max: 4 }), {
        minLength: classes,
        maxLength: classes,
      }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => ({
    labels: rows.map(([label]) => label),
    probabilities: rows.map(([, parts]) => {
      const sum = parts.reduce((total, part) => total + part, 0);
      return parts.map((part) => part / sum);
    }),
  }));

describe('the confusion matrix', () => {
  it('counts every nodule once, and its diagonal is the accuracy', () => {
    fc.assert(
      fc.property(answers, ({ labels, predictions }) => {
        const matrix = confusionMatrix(labels, predictions, classes);
        const total = matrix.flat().reduce((sum, count) => sum + count, 0);
        const diagonal = matrix.reduce(
          (sum, row, index) => sum + (row[index] ?? 0),
          0,
        );
        expect(total).toBe(labels.length);
        expect(accuracy(labels, predictions)).toBe(diagonal / total);
      }),
    );
  });

  it('has the true class in rows and the predicted in columns', () => {
    expect(confusionMatrix([0, 0, 1], [1, 1, 1], 2)).toEqual([
      [0, 2],
      [0, 1],
    ]);
  });

  it('is transposed, and precision and recall change places, when labels and predictions do', () => {
    fc.assert(
      fc.property(answers, ({ labels, predictions }) => {
        const there = classScores(
          confusionMatrix(labels, predictions, classes),
        );
        const back = classScores(confusionMatrix(predictions, labels, classes));
        expect(back.map(({ precision }) => precision)).toEqual(
          there.map(({ recall }) => recall),
        );
        expect(back.map(({ f1 }) => f1)).toEqual(there.map(({ f1 }) => f1));
      }),
    );
  });
});

describe('class scores', () => {
  it('F1 is the harmonic mean of precision and recall', () => {
    fc.assert(
      fc.property(answers, ({ labels, predictions }) => {
        const matrix = confusionMatrix(labels, predictions, classes);
        for (const { precision, recall, f1 } of classScores(matrix)) {
          const sum = precision + recall;
          // One rounding of each of three quotients.
          expect(f1).toBeCloseTo(
            sum === 0 ? 0 : (2 * precision * recall) / sum,
            14,
          );
        }
      }),
    );
  });

  it('leaves a class without nodules out of the macro means, though it was predicted', () => {
    // Class 1 has no nodules; one nodule of class 0 was taken for it.
    const scores = classScores(confusionMatrix([0, 0, 2], [0, 1, 2], 3));
    expect(scores[1]).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 });
    expect(macroScores(scores).recall).toBe(0.75);
  });
});

describe('the majority', () => {
  it('is reached by no other constant answer', () => {
    fc.assert(
      fc.property(answers, ({ labels }) => {
        const constants = [0, 1, 2].map((answer) =>
          accuracy(
            labels,
            labels.map(() => answer),
          ),
        );
        expect(majorityAccuracy(labels)).toBe(Math.max(...constants));
        expect(majorityClass(labels)).toBe(
          constants.indexOf(Math.max(...constants)),
        );
      }),
    );
  });

  it('can be that of the training labels, which may do worse', () => {
    const training = [1, 1, 0];
    expect(majorityAccuracy([0, 0, 1], majorityClass(training))).toBe(1 / 3);
    expect(majorityAccuracy([0, 0, 2], majorityClass(training))).toBe(0);
  });
});

describe('AUC', () => {
  it('is the share of pairs in order, ties counting half', () => {
    fc.assert(
      fc.property(rated, ({ labels, probabilities }) => {
        const { perClass } = oneVersusRestAuc(labels, probabilities);
        for (const [k, area] of perClass.entries()) {
          let order = 0;
          let pairs = 0;
          for (const [i, p] of probabilities.entries()) {
            for (const [j, q] of probabilities.entries()) {
              if (labels[i] !== k || labels[j] === k) continue;
              pairs++;
              const [a = NaN, b = NaN] = [p[k], q[k]];
              order += a > b ? 1 : a === b ? 0.5 : 0;
            }
          }
          if (pairs === 0) expect(area).toBeUndefined();
          // Halves are exact; one division remains.
          else expect(area).toBe(order / pairs);
        }
      }),
    );
  });

  it('does not change under a rising function, and becomes 1 − AUC when the sides change', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -9, max: 9 })), {
          minLength: 1,
        }),
        (items) => {
          const positive = items.map(([is]) => is);
          const scores = items.map(([, score]) => score);
          const area = binaryAuc(positive, scores);
          const cubes = scores.map((score) => score ** 3 + score);
          expect(binaryAuc(positive, cubes)).toBe(area);
          const other = binaryAuc(
            positive.map((is) => !is),
            scores,
          );
          if (area === undefined) expect(other).toBeUndefined();
          else expect(other).toBeCloseTo(1 - area, 12);
        },
      ),
    );
  });
});

describe('calibration', () => {
  it('puts each nodule into the one bin that holds its confidence', () => {
    fc.assert(
      fc.property(
        rated,
        fc.integer({ min: 1, max: 20 }),
        ({ labels, probabilities }, count) => {
          const bins = calibrationBins(labels, probabilities, { bins: count });
          expect(bins).toHaveLength(count);
          for (const bin of bins) {
            const inside = probabilities
              .map((row) => Math.max(...row))
              .filter((value) => value > bin.low && value <= bin.high);
            expect(bin.count).toBe(inside.length);
          }
        },
      ),
    );
  });

  it('is 0 for certain right answers and 1 for certain wrong ones, as are the ends of the Brier score', () => {
    const sure = [
      [1, 0],
      [0, 1],
    ];
    expect(expectedCalibrationError([0, 1], sure)).toBe(0);
    expect(expectedCalibrationError([1, 0], sure)).toBe(1);
    expect(brierScore([0, 1], sure)).toBe(0);
    expect(brierScore([1, 0], sure)).toBe(2);
  });

  it('in one bin, is the distance of mean confidence and accuracy', () => {
    const error = expectedCalibrationError(
      [0, 1],
      [
        [0.75, 0.25],
        [0.75, 0.25],
      ],
      { bins: 1 },
    );
    expect(error).toBe(0.25);
  });
});

describe('intervals', () => {
  it('Wilson’s holds the proportion, keeps to 0..1, and mirrors', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 500 })
          .chain((trials) =>
            fc.tuple(fc.nat({ max: trials }), fc.constant(trials)),
          ),
        ([successes, trials]) => {
          const { low, high } = wilsonInterval(successes, trials);
          const p = successes / trials;
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(p);
          expect(high).toBeGreaterThanOrEqual(p);
          const mirrored = wilsonInterval(trials - successes, trials);
          expect(mirrored.low).toBeCloseTo(1 - high, 12);
        },
      ),
    );
  });
});

describe('refuses', () => {
  const ask: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['no labels', () => accuracy([], []), /no labels/],
    ['lists of unequal length', () => accuracy([0, 1], [0]), /2 labels and 1/],
    ['a label outside', () => confusionMatrix([3], [0], 3), /labels\[0\] is 3/],
    ['a part class', () => confusionMatrix([0], [0.5], 3), /predictions\[0\]/],
    ['no majority', () => majorityClass([]), /no labels/],
    [
      'a confusion matrix that is not square',
      () => classScores([[1, 2], [3]]),
      /confusion\[1\] is 3, expected 2 whole numbers from 0/,
    ],
    [
      'counts that are not',
      () =>
        classScores([
          [1, NaN],
          [0, 1],
        ]),
      /confusion\[0\] is 1, NaN/,
    ],
    ['no support', () => macroScores(classScores([])), /no class has support/],
    ['a score of NaN', () => binaryAuc([true, false], [1, NaN]), /scores\[1\]/],
    [
      'rows of unequal length',
      () =>
        brierScore(
          [0, 1],
          [
            [0.5, 0.5],
            [0.2, 0.3, 0.5],
          ],
        ),
      /probabilities\[1\] has 3 values, expected 2/,
    ],
    [
      'a probability of NaN',
      () => oneVersusRestAuc([0], [[NaN, 1]]),
      /probabilities\[0\] holds NaN/,
    ],
    [
      'no bins',
      () => expectedCalibrationError([0], [[1, 0]], { bins: 0 }),
      /bins is 0/,
    ],
    ['more successes than trials', () => wilsonInterval(3, 2), /3 of 2/],
    ['no trials', () => wilsonInterval(0, 0), /0 of 0/],
    ['the deviation of one fold', () => meanDeviation([0.5]), /1 values/],
  ];
  it.each(ask)('%s', (_name, act, message) => {
    expect(act).toThrow(MetricsInputError);
    expect(act).toThrow(message);
  });
});
