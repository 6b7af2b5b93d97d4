import { at } from '@clip-lung/tensor';

import { MetricsInputError } from './error.js';

/** @throws {@link MetricsInputError} unless both lists have the same length, at least 1 */
export function checkPaired(
  labels: readonly unknown[],
  others: readonly unknown[],
  name: string,
): void {
  if (labels.length === 0) {
    throw new MetricsInputError('there are no labels, expected at least one');
  }
  if (others.length !== labels.length) {
    throw new MetricsInputError(
      `there are ${labels.length} labels and ${others.length} ${name}, expected as many`,
    );
  }
}

/** @throws {@link MetricsInputError} unless every value is a class index, 0 to `classes` − 1 */
export function checkClasses(
  values: readonly number[],
  classes: number,
  name: string,
): void {
  const wrong = values.findIndex(
    (value) => !Number.isInteger(value) || value < 0 || value >= classes,
  );
  if (wrong < 0) return;
  throw new MetricsInputError(
    `${name}[${wrong}] is ${at(values, wrong)}, expected a class from 0 to ${classes - 1}`,
  );
}

/**
 * The number of classes of probabilities [N, K].
 *
 * @throws {@link MetricsInputError} unless there is a row a label, all rows are of one length K ≥ 2, all values are
 * finite, and the labels are below K
 */
export function checkProbabilities(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): number {
  checkPaired(labels, probabilities, 'rows of probabilities');
  const classes = at(probabilities, 0).length;
  if (classes < 2) {
    throw new MetricsInputError(
      `probabilities[0] has ${classes} values, expected one for each of two classes or more`,
    );
  }
  for (const [index, row] of probabilities.entries()) {
    if (row.length !== classes) {
      throw new MetricsInputError(
        `probabilities[${index}] has ${row.length} values, expected ${classes} as the first row`,
      );
    }
    const wrong = row.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new MetricsInputError(
        `probabilities[${index}] holds ${wrong}, expected finite numbers`,
      );
    }
  }
  checkClasses(labels, classes, 'labels');
  return classes;
}
