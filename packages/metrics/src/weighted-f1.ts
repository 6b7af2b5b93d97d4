import { classScores } from './class-scores.js';
import { type Confusion, ofConfusion } from './confusion.js';
import type { Metric } from './metric.js';

/**
 * The mean of the classes' F1 scores, each weighed by how many nodules are of the class. scikit-learn's
 * `f1_score(…, average='weighted', zero_division=0)`.
 *
 * @returns in 0..1; undefined where there are no nodules
 * @throws `MetricsInputError` for counts that are not K×K whole numbers from 0
 */
export function weightedF1(confusion: Confusion): number | undefined {
  const scores = classScores(confusion);
  const nodules = scores.reduce((sum, { support }) => sum + support, 0);
  if (nodules === 0) return undefined;
  return (
    scores.reduce((sum, { f1, support }) => sum + f1 * support, 0) / nodules
  );
}

export const weightedF1Metric = {
  name: 'weightedF1',
  label: 'weighted F1',
  shownAs: 'percent',
  range: [0, 1],
  better: 'higher',
  undefinedWhen: 'there are no nodules',
  measure: ({ confusion }) => ({ value: weightedF1(confusion) ?? null }),
  resampled: (cases) =>
    ofConfusion(cases, (drawn) => weightedF1(drawn) ?? null),
} as const satisfies Metric;
