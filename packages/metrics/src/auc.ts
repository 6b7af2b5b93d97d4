import { checkPaired, checkProbabilities } from './check.js';
import { MetricsInputError } from './error.js';

/** Ranks from 1; equal values share the mean of their ranks (midranks). */
export function midranks(values: readonly number[]): readonly number[] {
  const order = values
    .map((value, index) => ({ value, index }))
    .sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  let start = 0;
  while (start < order.length) {
    let end = start + 1;
    while (order[end]?.value === order[start]?.value && end < order.length) {
      end++;
    }
    // The ranks start + 1 to end have this mean.
    for (const { index } of order.slice(start, end)) {
      ranks[index] = (start + 1 + end) / 2;
    }
    start = end;
  }
  return ranks;
}

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, ties counting half, by the
 * Mann–Whitney statistic (Hanley & McNeil 1982).
 *
 * @param positive which of the N are positive
 * @param scores   higher means more positive, [N]
 * @returns in 0..1; undefined when all or none are positive
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is no number
 */
export function binaryAuc(
  positive: readonly boolean[],
  scores: readonly number[],
): number | undefined {
  checkPaired(positive, scores, 'scores');
  const wrong = scores.findIndex((score) => Number.isNaN(score));
  if (wrong >= 0) {
    throw new MetricsInputError(`scores[${wrong}] is NaN, expected a number`);
  }
  const positives = positive.filter((is) => is).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  const rankSum = midranks(scores).reduce(
    (total, rank, index) => (positive[index] === true ? total + rank : total),
    0,
  );
  return (
    (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
  );
}

/** The AUC of each class against the rest. */
export interface OneVersusRestAuc {
  /** [K]; undefined where only one side has any */
  readonly perClass: readonly (number | undefined)[];
  /** mean over the classes that have one; undefined when none has */
  readonly macro: number | undefined;
}

/**
 * scikit-learn's `roc_auc_score(…, multi_class='ovr', average='macro')`, except that a class without nodules is left
 * out instead of refused.
 *
 * @param labels        class indices, [N]
 * @param probabilities [N, K]
 * @throws `MetricsInputError` for lists that do not fit
 */
export function oneVersusRestAuc(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): OneVersusRestAuc {
  const classes = checkProbabilities(labels, probabilities);
  const perClass = Array.from({ length: classes }, (_value, index) =>
    binaryAuc(
      labels.map((label) => label === index),
      probabilities.map((row) => row[index] ?? NaN),
    ),
  );
  const defined = perClass.filter((value) => value !== undefined);
  const total = defined.reduce((sum, value) => sum + value, 0);
  return {
    perClass,
    macro: defined.length === 0 ? undefined : total / defined.length,
  };
}
