import { checkPaired } from './check.js';
import { MetricsInputError } from './error.js';
import type { Metric } from './metric.js';

/**
 * The fraction of predictions that equal their label, in 0..1.
 *
 * @throws `MetricsInputError` for lists of unequal length, or empty ones
 */
export function accuracy(
  labels: readonly number[],
  predictions: readonly number[],
): number {
  checkPaired(labels, predictions, 'predictions');
  const right = labels.filter((label, index) => label === predictions[index]);
  return right.length / labels.length;
}

/** The most frequent label; of several, the lowest. @throws `MetricsInputError` when there are no labels */
export function majorityClass(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [first] = [...counts].sort(
    ([a, countA], [b, countB]) => countB - countA || a - b,
  );
  if (first === undefined) {
    throw new MetricsInputError('there are no labels, expected at least one');
  }
  return first[0];
}

/**
 * The accuracy of one answer for all: what a classifier has to beat before it has learnt anything. In 0..1.
 *
 * @param labels true class indices, [N]
 * @param answer by default the most frequent class of these very labels, which no classifier knows beforehand: the
 * strictest baseline. `majorityClass(trainingLabels)` gives the one that could have been chosen before the test.
 * @throws `MetricsInputError` when there are no labels
 */
export function majorityAccuracy(
  labels: readonly number[],
  answer: number = majorityClass(labels),
): number {
  if (labels.length === 0) {
    throw new MetricsInputError('there are no labels, expected at least one');
  }
  return labels.filter((label) => label === answer).length / labels.length;
}

export const accuracyMetric = {
  name: 'accuracy',
  label: 'accuracy',
  shownAs: 'percent',
  range: [0, 1],
  better: 'higher',
  isCompared: true,
  measure: ({ labels, predictions }) => ({
    value: accuracy(labels, predictions),
  }),
  resampled: ({ labels, predictions }) => {
    const right = Uint8Array.from(labels, (label, index) =>
      label === predictions[index] ? 1 : 0,
    );
    return {
      values: [right, right.map(() => 1)],
      statistic: ([correct = NaN, all = NaN]) => correct / all,
    };
  },
} as const satisfies Metric;
