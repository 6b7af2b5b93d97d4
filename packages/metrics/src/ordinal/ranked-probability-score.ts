import { checkProbabilities } from '../check.js';
import type { Metric } from '../metric.js';

/**
 * Ranked probability score: the mean over nodules of Σₖ (P(class ≤ k) − [label ≤ k])² over k = 0 … K − 2, divided by K − 1; in
 * 0..1, lower is better. For classes that have an order: probability far away from the label costs more than beside it. Of two
 * classes it is half the Brier score, which sums over both.
 *
 * @param labels        class indices, [N]
 * @param probabilities [N, K]
 * @throws `MetricsInputError` for lists that do not fit
 * @see Epstein, J. Appl. Meteorology 8 (1969); Murphy, ibid. 10 (1971); with the division by K − 1 of Wilks, Statistical
 *   Methods in the Atmospheric Sciences, §8.4.9
 */
export function rankedProbabilityScore(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): number {
  checkProbabilities(labels, probabilities);
  const scores = scoresOf(labels, probabilities);
  return scores.reduce((sum, score) => sum + score, 0) / labels.length;
}

function scoresOf(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): readonly number[] {
  return probabilities.map((row, i) => {
    const label = labels[i] as number;
    let cumulative = 0;
    let total = 0;
    for (const [k, p] of row.slice(0, -1).entries()) {
      cumulative += p;
      total += (cumulative - (label <= k ? 1 : 0)) ** 2;
    }
    return total / (row.length - 1);
  });
}

export const rankedProbabilityScoreMetric = {
  name: 'rankedProbabilityScore',
  label: 'ranked probability score',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'lower',
  needs: { ordered: true },
  measure: ({ labels, probabilities }) => ({
    value: rankedProbabilityScore(labels, probabilities),
  }),
  resampled: ({ labels, probabilities }) => ({
    values: [scoresOf(labels, probabilities), labels.map(() => 1)],
    statistic: ([total = NaN, all = NaN]) => total / all,
  }),
} as const satisfies Metric;
