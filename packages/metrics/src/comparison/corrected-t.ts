import { at } from '@clip-lung/tensor';

import { checkPart } from '../check-binary.js';
import { studentTPValue, studentTWithin } from '../distributions/student-t.js';
import { MetricsInputError } from '../error.js';
import type { Interval } from '../interval.js';
import { meanDeviation } from '../mean-deviation.js';

export interface CorrectedTOptions {
  /** b's figure − a's, of each fold (of each repetition), [J] */
  readonly differences: readonly (number | null)[];
  /** how many nodules a fold trains on, and how many it tests on */
  readonly trained: number;
  readonly tested: number;
  /** 0.95 by default */
  readonly level?: number;
}

export type CorrectedT =
  | {
      readonly difference: number;
      readonly t: number;
      /** J − 1 */
      readonly degrees: number;
      /** two-sided */
      readonly pValue: number;
      readonly interval: Interval;
    }
  | {
      /** null where a fold has none */
      readonly difference: number | null;
      readonly t: null;
      readonly pValue: null;
      readonly interval: null;
      readonly reason: string;
    };

/**
 * The corrected resampled t-test over folds. Folds share training nodules, so the variance of their mean is not s²/J; by the
 * correction it is (1/J + tested/trained)·s².
 *
 * @throws {@link MetricsInputError} for fewer than two folds, differences that are not finite, or counts below 1
 * @see Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003); Bouckaert & Frank, PAKDD 2004, for
 *   repeated cross-validation
 */
export function correctedT({
  differences,
  trained,
  tested,
  level = 0.95,
}: CorrectedTOptions): CorrectedT {
  checkPart(level, 'level');
  for (const [name, count] of [
    ['trained', trained],
    ['tested', tested],
  ] as const) {
    if (count >= 1 && count < Infinity) continue;
    throw new MetricsInputError(`${name} is ${count}, expected at least 1`);
  }
  const none = { t: null, pValue: null, interval: null } as const;
  const missing = differences.indexOf(null);
  if (missing >= 0) {
    return {
      ...none,
      difference: null,
      reason: `the figure is undefined in fold ${missing}`,
    };
  }
  const values = differences.filter((one) => one !== null);
  const odd = values.findIndex((one) => !Number.isFinite(one));
  if (odd >= 0) {
    throw new MetricsInputError(
      `differences[${odd}] is ${at(values, odd)}, expected a finite number, or null`,
    );
  }
  const { mean: difference, deviation } = meanDeviation(values);
  if (deviation === 0) {
    return { ...none, difference, reason: 'all folds differ by the same' };
  }
  const degrees = values.length - 1;
  const error = deviation * Math.sqrt(1 / values.length + tested / trained);
  const t = difference / error;
  const spread = studentTWithin(level, degrees) * error;
  return {
    difference,
    t,
    degrees,
    pValue: studentTPValue(t, degrees),
    interval: { low: difference - spread, high: difference + spread },
  };
}
