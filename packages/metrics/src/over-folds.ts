import { at } from '@clip-lung/tensor';

import { confusionMatrix } from './confusion.js';
import { MetricsInputError } from './error.js';
import { meanDeviation } from './mean-deviation.js';
import { type Cases, measure, type Metric } from './metric.js';

/** A figure over the folds of a cross-validation, in both of its ways. */
export interface OverFolds {
  /** of each fold; null where it is undefined */
  readonly perFold: readonly (number | null)[];
  /** of the folds that have one; null where none has */
  readonly mean: number | null;
  /** sample standard deviation of these; null for fewer than two */
  readonly deviation: number | null;
  /** how many folds these are */
  readonly defined: number;
  /** of the nodules of all folds together; null where it is undefined */
  readonly pooled: number | null;
}

/**
 * A metric as the mean ± deviation of folds, and over their pooled nodules. They differ: a mean over folds counts each fold the
 * same, and a pooled AUC also compares nodules of different folds, whose models may differ in scale.
 *
 * @throws {@link MetricsInputError} for no folds, or folds of other classes
 * @see Forman & Scholz, SIGKDD Explorations 12 (2010)
 */
export function overFolds(metric: Metric, folds: readonly Cases[]): OverFolds {
  const pooled = pooledCases(folds);
  const perFold = folds.map((fold) => measure(metric, fold).value);
  const defined = perFold.filter((value) => value !== null);
  const total = defined.reduce((sum, value) => sum + value, 0);
  return {
    perFold,
    mean: defined.length === 0 ? null : total / defined.length,
    deviation: defined.length < 2 ? null : meanDeviation(defined).deviation,
    defined: defined.length,
    pooled: measure(metric, pooled).value,
  };
}

function pooledCases(folds: readonly Cases[]): Cases {
  const [first] = folds;
  if (first === undefined) {
    throw new MetricsInputError('there are no folds, expected at least one');
  }
  const { classes, areOrdered } = first;
  const odd = folds.findIndex(
    (fold) =>
      fold.classes.length !== classes.length ||
      fold.classes.some((name, k) => name !== classes[k]),
  );
  if (odd >= 0) {
    throw new MetricsInputError(
      `the classes of fold ${odd} are ${at(folds, odd).classes.join(', ')}, expected ${classes.join(', ')}, as in fold 0`,
    );
  }
  const labels = folds.flatMap((fold) => fold.labels);
  const predictions = folds.flatMap((fold) => fold.predictions);
  return {
    classes,
    areOrdered,
    labels,
    predictions,
    probabilities: folds.flatMap((fold) => fold.probabilities),
    confusion: confusionMatrix(labels, predictions, classes.length),
  };
}
