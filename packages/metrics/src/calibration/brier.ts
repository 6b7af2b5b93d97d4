import { checkProbabilities } from '../check.js';
import type { Metric } from '../metric.js';

/**
 * Brier score in its first form: the mean over nodules of Σₖ (pₖ − [k is the label])², in 0..2, lower is better. For
 * two classes it is twice the one-sided form. scikit-learn's `brier_score_loss(…, scale_by_half=False)`.
 *
 * @param labels        class indices, [N]
 * @param probabilities [N, K]
 * @throws `MetricsInputError` for lists that do not fit
 * @see Brier, Monthly Weather Review 78 (1950), equation 2
 */
export function brierScore(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): number {
  checkProbabilities(labels, probabilities);
  const scores = probabilities.map((row, index) =>
    squaredDistance(row, labels[index]),
  );
  return scores.reduce((sum, score) => sum + score, 0) / labels.length;
}

/** Of one nodule, Σₖ (pₖ − [k is the label])². */
function squaredDistance(
  row: readonly number[],
  label: number | undefined,
): number {
  return row.reduce((sum, p, k) => sum + (p - (k === label ? 1 : 0)) ** 2, 0);
}

export const brierMetric = {
  name: 'brier',
  label: 'Brier score',
  shownAs: 'decimal',
  range: [0, 2],
  better: 'lower',
  measure: ({ labels, probabilities }) => ({
    value: brierScore(labels, probabilities),
  }),
  resampled: ({ labels, probabilities }) => ({
    values: [
      probabilities.map((row, index) => squaredDistance(row, labels[index])),
      labels.map(() => 1),
    ],
    statistic: ([total = NaN, all = NaN]) => total / all,
  }),
} as const satisfies Metric;
