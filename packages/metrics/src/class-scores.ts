import { at } from '@clip-lung/tensor';

import { type Confusion, ofConfusion } from './confusion.js';
import { MetricsInputError } from './error.js';
import type { Cases, Measured, Metric } from './metric.js';
import type { OfSums } from './resampling/resampled-figure.js';

/** How one class fares against the rest. Fractions in 0..1. */
export interface ClassScores {
  /** of those predicted as the class, the part that is; 0 when none was predicted */
  readonly precision: number;
  /** of those of the class, the part predicted as it; 0 when there are none */
  readonly recall: number;
  /** harmonic mean of the two, 2·TP / (2·TP + FP + FN); 0 when that has no denominator */
  readonly f1: number;
  /** how many are of the class */
  readonly support: number;
}

/** What has no denominator is 0: scikit-learn's `zero_division=0`. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function checkCounts(confusion: Confusion): void {
  for (const [index, row] of confusion.entries()) {
    const odd = row.find((count) => !Number.isInteger(count) || count < 0);
    if (row.length === confusion.length && odd === undefined) continue;
    throw new MetricsInputError(
      `confusion[${index}] is ${row.join(', ')}, expected ${confusion.length} whole numbers from 0`,
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * The scores of each class, in the order of the confusion matrix.
 *
 * @throws {@link MetricsInputError} for counts that are not K×K whole numbers from 0
 */
export function classScores(confusion: Confusion): readonly ClassScores[] {
  checkCounts(confusion);
  return confusion.map((row, index) => {
    const right = at(row, index);
    const support = sum(row);
    const predicted = sum(confusion.map((other) => at(other, index)));
    return {
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, support + predicted),
      support,
    };
  });
}

/** Means over classes. */
export interface MacroScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Unweighted means over the classes that have support. A class without any (a model of three classes tested on two)
 * has no recall to speak of and is left out, even where it was predicted: the wrong predictions already cost the
 * recall of the true class. This is scikit-learn's `average='macro', labels=unique(y_true)`; the mean recall is its
 * `balanced_accuracy_score`.
 *
 * @throws `MetricsInputError` when no class has support
 */
export function macroScores(scores: readonly ClassScores[]): MacroScores {
  const present = scores.filter(({ support }) => support > 0);
  if (present.length === 0) {
    throw new MetricsInputError('no class has support, expected at least one');
  }
  const mean = (pick: (score: ClassScores) => number): number =>
    sum(present.map(pick)) / present.length;
  return {
    precision: mean(({ precision }) => precision),
    recall: mean(({ recall }) => recall),
    f1: mean(({ f1 }) => f1),
  };
}

/**
 * Balanced accuracy: the mean recall of the classes that have support, which is the macro recall; scikit-learn's
 * `balanced_accuracy_score`.
 *
 * @returns in 0..1
 * @throws `MetricsInputError` when no class has support
 * @see Brodersen et al., ICPR 2010
 */
export function balancedAccuracy(confusion: Confusion): number {
  return macroScores(classScores(confusion)).recall;
}

type Score = keyof MacroScores;

const measured =
  (score: Score) =>
  ({ confusion }: Cases): Measured => {
    const scores = classScores(confusion);
    return {
      value: macroScores(scores)[score],
      perClass: scores.map((one) => one[score]),
    };
  };

/** The macro mean by sums: null where all nodules of a class that has some are gone, since the mean over the others is another figure. */
const resampled =
  (score: Score) =>
  (cases: Cases): OfSums =>
    ofConfusion(cases, (drawn) => {
      const isGone = cases.confusion.some(
        (row, k) => sum(row) > 0 && sum(at(drawn, k)) === 0,
      );
      return isGone ? null : macroScores(classScores(drawn))[score];
    });

const shown = {
  shownAs: 'percent',
  range: [0, 1],
  better: 'higher',
} as const;

export const recallMetric = {
  ...shown,
  name: 'macroRecall',
  label: 'macro recall',
  perClass: { name: 'recall', label: 'recall' },
  measure: measured('recall'),
  resampled: resampled('recall'),
} as const satisfies Metric;

export const precisionMetric = {
  ...shown,
  name: 'macroPrecision',
  label: 'macro precision',
  perClass: { name: 'precision', label: 'precision' },
  measure: measured('precision'),
  resampled: resampled('precision'),
} as const satisfies Metric;

export const f1Metric = {
  ...shown,
  name: 'macroF1',
  label: 'macro F1',
  perClass: { name: 'f1', label: 'F1' },
  isCompared: true,
  measure: measured('f1'),
  resampled: resampled('f1'),
} as const satisfies Metric;
