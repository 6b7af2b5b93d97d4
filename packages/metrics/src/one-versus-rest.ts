import { at } from '@clip-lung/tensor';

import { checkProbabilities } from './check.js';
import { MetricsInputError } from './error.js';
import type { Cases } from './metric.js';

/** Whether each nodule is of a class, and the probability of that. @throws {@link MetricsInputError} for a class that there is not */
export function oneVersusRest(
  { labels, probabilities }: Pick<Cases, 'labels' | 'probabilities'>,
  positiveClass: number,
): {
  readonly positive: readonly boolean[];
  readonly scores: readonly number[];
} {
  const classes = checkProbabilities(labels, probabilities);
  if (
    !Number.isInteger(positiveClass) ||
    positiveClass < 0 ||
    positiveClass >= classes
  ) {
    throw new MetricsInputError(
      `the positive class is ${positiveClass}, expected 0 to ${classes - 1}`,
    );
  }
  return {
    positive: labels.map((label) => label === positiveClass),
    scores: probabilities.map((row) => at(row, positiveClass)),
  };
}
