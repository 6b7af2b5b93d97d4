import { at } from '@clip-lung/tensor';

import { checkClasses, checkPaired } from './check.js';
import type { OfSums } from './resampling/resampled-figure.js';

/** Counts [true class][predicted class], K×K. */
export type Confusion = readonly (readonly number[])[];

/**
 * @param labels      true class indices, [N]
 * @param predictions predicted class indices, [N]
 * @param classes     K
 * @throws `MetricsInputError` for lists that do not fit, or an index outside 0..K−1
 */
export function confusionMatrix(
  labels: readonly number[],
  predictions: readonly number[],
  classes: number,
): Confusion {
  checkPaired(labels, predictions, 'predictions');
  checkClasses(labels, classes, 'labels');
  checkClasses(predictions, classes, 'predictions');
  const counts = Array.from({ length: classes }, () =>
    new Array<number>(classes).fill(0),
  );
  for (const [index, label] of labels.entries()) {
    const row = at(counts, label);
    const prediction = at(predictions, index);
    row[prediction] = at(row, prediction) + 1;
  }
  return counts;
}

/** A figure of the confusion matrix, by the sums of a list for each of its cells: 1 where a nodule lies in it, else 0. */
export function ofConfusion(
  { labels, predictions, confusion }: CountedCases,
  statistic: (drawn: Confusion) => number | null,
): OfSums {
  const classes = confusion.length;
  return {
    values: confusion.flatMap((row, k) =>
      row.map((_count, l) =>
        Uint8Array.from(labels, (label, i) =>
          label === k && predictions[i] === l ? 1 : 0,
        ),
      ),
    ),
    statistic: (sums) =>
      statistic(
        confusion.map((_row, k) => sums.slice(k * classes, (k + 1) * classes)),
      ),
  };
}

interface CountedCases {
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly confusion: Confusion;
}
