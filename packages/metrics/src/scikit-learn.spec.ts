import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  accuracy,
  bootstrapInterval,
  brierScore,
  type ClassScores,
  classScores,
  cohenKappa,
  confusionMatrix,
  expectedCalibrationError,
  macroScores,
  type MacroScores,
  meanDeviation,
  oneVersusRestAuc,
  wilsonInterval,
} from './index.js';

interface Case {
  readonly name: string;
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly confusion: readonly (readonly number[])[];
  readonly accuracy: number;
  readonly perClass: readonly ClassScores[];
  readonly macro: MacroScores;
  readonly balancedAccuracy: number | null;
  readonly auc: readonly (number | null)[];
  readonly macroAuc: number | null;
  readonly kappa: number | null;
  readonly linearKappa: number | null;
  readonly quadraticKappa: number | null;
  readonly brier: number;
  readonly ece: Readonly<Record<string, number>>;
}

const fixture = JSON.parse(
  readFileSync(
    new URL('../fixtures/scikit-learn.json', import.meta.url),
    'utf8',
  ),
) as {
  readonly cases: readonly Case[];
  readonly wilson: readonly {
    readonly successes: number;
    readonly trials: number;
    readonly z: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly bootstrap: readonly {
    readonly groups: readonly string[];
    readonly values: readonly number[];
    readonly uniform: readonly number[];
    readonly resamples: number;
    readonly level: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly meanDeviation: readonly {
    readonly values: readonly number[];
    readonly mean: number;
    readonly deviation: number;
  }[];
};

// Both sides compute in float64, in another order of additions: a few units in the last place.
const digits = 12;

function expectScores(actual: MacroScores, expected: MacroScores): void {
  expect(actual.precision).toBeCloseTo(expected.precision, digits);
  expect(actual.recall).toBeCloseTo(expected.recall, digits);
  expect(actual.f1).toBeCloseTo(expected.f1, digits);
}

function expectMaybe(
  actual: number | undefined,
  expected: number | null,
): void {
  if (expected === null) expect(actual).toBeUndefined();
  else expect(actual).toBeCloseTo(expected, digits);
}

describe.each(fixture.cases)('as scikit-learn, $name:', (one) => {
  const { labels, predictions, probabilities } = one;
  const classes = one.confusion.length;
  const confusion = confusionMatrix(labels, predictions, classes);
  const scores = classScores(confusion);

  it('confusion matrix and accuracy', () => {
    expect(confusion).toEqual(one.confusion);
    expect(accuracy(labels, predictions)).toBeCloseTo(one.accuracy, digits);
  });

  it('precision, recall and F1 of each class', () => {
    expect(scores).toHaveLength(one.perClass.length);
    for (const [index, expected] of one.perClass.entries()) {
      const actual = scores[index];
      expect(actual?.support).toBe(expected.support);
      if (actual !== undefined) expectScores(actual, expected);
    }
  });

  it('macro means', () => {
    const macro = macroScores(scores);
    expectScores(macro, one.macro);
    if (one.balancedAccuracy !== null) {
      expect(macro.recall).toBeCloseTo(one.balancedAccuracy, digits);
    }
  });

  it('AUC, with ties', () => {
    const { perClass, macro } = oneVersusRestAuc(labels, probabilities);
    expect(perClass).toHaveLength(one.auc.length);
    for (const [index, expected] of one.auc.entries()) {
      expectMaybe(perClass[index], expected);
    }
    expectMaybe(macro, one.macroAuc);
  });

  it('kappa, whatever its weights', () => {
    expectMaybe(cohenKappa(confusion), one.kappa);
    expectMaybe(cohenKappa(confusion, 'linear'), one.linearKappa);
    expectMaybe(cohenKappa(confusion, 'quadratic'), one.quadraticKappa);
  });

  it('Brier score', () => {
    const score = brierScore(labels, probabilities);
    expect(score).toBeCloseTo(one.brier, digits);
  });

  it.each(Object.entries(one.ece))(
    'calibration error in %s bins',
    (bins, expected) => {
      const error = expectedCalibrationError(labels, probabilities, {
        bins: Number(bins),
      });
      expect(error).toBeCloseTo(expected, digits);
    },
  );
});

it.each(fixture.wilson)(
  'Wilson interval as scipy: $successes of $trials, z = $z',
  ({ successes, trials, z, low, high }) => {
    const interval = wilsonInterval(successes, trials, z);
    expect(interval.low).toBeCloseTo(low, digits);
    expect(interval.high).toBeCloseTo(high, digits);
  },
);

it.each(fixture.bootstrap)(
  'bootstrap interval as numpy, from the same random numbers: level $level',
  async ({ groups, values, uniform, resamples, level, low, high }) => {
    const numbers = uniform.values();
    const interval = await bootstrapInterval({
      groups,
      values: [values, values.map(() => 1)],
      statistic: ([sum = NaN, count = NaN]) => sum / count,
      random: () => numbers.next().value ?? NaN,
      resamples,
      level,
    });
    expect(interval.low).toBeCloseTo(low, digits);
    expect(interval.high).toBeCloseTo(high, digits);
    expect(numbers.next().done).toBe(true);
  },
);

it.each(fixture.meanDeviation)(
  'mean and sample deviation as numpy: $values',
  ({ values, mean, deviation }) => {
    const actual = meanDeviation(values);
    expect(actual.mean).toBeCloseTo(mean, digits);
    expect(actual.deviation).toBeCloseTo(deviation, digits);
  },
);
