import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';
import type { Metric } from '../metric.js';

/**
 * By how many classes a prediction is away from its label, on average: 0 to K − 1, for classes that have an order.
 * scikit-learn's `mean_absolute_error` of class indices.
 *
 * @param labels      class indices, [N]
 * @param predictions class indices, [N]
 * @throws `MetricsInputError` for lists of unequal length, or empty ones
 * @see Gaudette & Japkowicz, Evaluation Methods for Ordinal Classification (2009), who compare measures of this kind
 */
export function meanAbsoluteError(
  labels: readonly number[],
  predictions: readonly number[],
): number {
  checkPaired(labels, predictions, 'predictions');
  const total = distances(labels, predictions).reduce((a, b) => a + b, 0);
  return total / labels.length;
}

function distances(
  labels: readonly number[],
  predictions: readonly number[],
): readonly number[] {
  return labels.map((label, i) => Math.abs(label - at(predictions, i)));
}

export const meanAbsoluteErrorMetric = {
  name: 'meanAbsoluteError',
  label: 'mean absolute error',
  shownAs: 'decimal',
  range: [0, Infinity],
  better: 'lower',
  needs: { ordered: true },
  measure: ({ labels, predictions }) => ({
    value: meanAbsoluteError(labels, predictions),
  }),
  resampled: ({ labels, predictions }) => ({
    values: [distances(labels, predictions), labels.map(() => 1)],
    statistic: ([total = NaN, all = NaN]) => total / all,
  }),
} as const satisfies Metric;
