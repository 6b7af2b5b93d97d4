import { checkPaired } from './check.js';

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
