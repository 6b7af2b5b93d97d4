import { at } from '@clip-lung/tensor';

import { MetricsInputError } from './error.js';

/**
 * Spearman's rank correlation: Pearson's of the ranks, where equals share the mean of theirs.
 *
 * @param a [N]
 * @param b [N]
 * @returns −1..1; undefined when all of `a`, or all of `b`, are equal
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a value that is not a finite number
 * @see Spearman 1904; scipy's `spearmanr`
 */
export function rankCorrelation(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): number | undefined {
  if (a.length !== b.length || a.length === 0) {
    throw new MetricsInputError(
      `a rank correlation is of two lists of the same length, and these have ${a.length} and ${b.length} values`,
    );
  }
  const [x, y] = [meanRanks(a), meanRanks(b)];
  const middle = (a.length + 1) / 2;
  let [both, ofX, ofY] = [0, 0, 0];
  x.forEach((rank, i) => {
    const [dx, dy] = [rank - middle, at(y, i) - middle];
    both += dx * dy;
    ofX += dx * dx;
    ofY += dy * dy;
  });
  return ofX === 0 || ofY === 0 ? undefined : both / Math.sqrt(ofX * ofY);
}

/** Ranks from 1 on. */
function meanRanks(values: ArrayLike<number>): Float64Array {
  const all = Array.from(values);
  const odd = all.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) {
    throw new MetricsInputError(
      `value ${odd} of a rank correlation is ${String(all[odd])}, expected a finite number`,
    );
  }
  const order = all.map((_, i) => i).sort((i, j) => at(all, i) - at(all, j));
  const ranks = new Float64Array(all.length);
  for (let start = 0; start < order.length; ) {
    const value = at(all, at(order, start));
    let end = start + 1;
    while (end < order.length && at(all, at(order, end)) === value) end++;
    for (let i = start; i < end; i++)
      ranks[at(order, i)] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}
