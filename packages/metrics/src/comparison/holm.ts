import { MetricsInputError } from '../error.js';

/**
 * Holm's correction for many comparisons: adjusted p-values, below a level only with that probability if there is no difference
 * anywhere.
 *
 * @param pValues in 0..1, [M]; null where a comparison could not be made, which does not count among the M
 * @returns in the same order; null stays null
 * @throws {@link MetricsInputError} for a p-value outside of 0..1
 * @see Holm, Scandinavian J. Statistics 6 (1979)
 */
export function holm(
  pValues: readonly (number | null)[],
): readonly (number | null)[] {
  for (const [index, p] of pValues.entries()) {
    if (p === null || (p >= 0 && p <= 1)) continue;
    throw new MetricsInputError(
      `pValues[${index}] is ${p}, expected 0 to 1, or null`,
    );
  }
  const made = pValues
    .flatMap((p, index) => (p === null ? [] : [{ p, index }]))
    .sort((one, other) => one.p - other.p);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let most = 0;
  for (const [rank, { p, index }] of made.entries()) {
    most = Math.min(1, Math.max(most, (made.length - rank) * p));
    adjusted[index] = most;
  }
  return adjusted;
}
