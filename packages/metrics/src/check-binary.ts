import { at } from '@clip-lung/tensor';

import { checkPaired } from './check.js';
import { MetricsInputError } from './error.js';

/** @throws {@link MetricsInputError} unless there is a score for each, and none is NaN */
export function checkScores(
  labels: readonly unknown[],
  scores: readonly number[],
  name = 'scores',
): void {
  checkPaired(labels, scores, name);
  const wrong = scores.findIndex((score) => Number.isNaN(score));
  if (wrong < 0) return;
  throw new MetricsInputError(`${name}[${wrong}] is NaN, expected a number`);
}

/** @throws {@link MetricsInputError} unless there is a probability for each, in 0..1 but for rounding */
export function checkEventProbabilities(
  positive: readonly boolean[],
  probabilities: readonly number[],
): void {
  checkScores(positive, probabilities, 'probabilities');
  const wrong = probabilities.findIndex((p) => p < -1e-6 || p > 1 + 1e-6);
  if (wrong < 0) return;
  throw new MetricsInputError(
    `probabilities[${wrong}] is ${at(probabilities, wrong)}, expected a number from 0 to 1`,
  );
}

/** @throws {@link MetricsInputError} unless the number is strictly between 0 and 1 */
export function checkPart(value: number, name: string): void {
  if (value > 0 && value < 1) return;
  throw new MetricsInputError(`${name} is ${value}, expected (0, 1)`);
}
