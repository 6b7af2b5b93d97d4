import { MetricsInputError } from './error.js';

/**
 * What is fitted is never fitted on patients that it is then tested on.
 *
 * @throws {@link MetricsInputError} naming the first patient that is on both sides
 */
export function checkApart(
  fitted: readonly string[],
  tested: readonly string[],
  names: readonly [fitted: string, tested: string],
): void {
  const known = new Set(fitted);
  const both = tested.find((patient) => known.has(patient));
  if (both === undefined) return;
  throw new MetricsInputError(
    `patient "${both}" is among those of ${names[0]} and of ${names[1]}, expected patients of one or the other`,
  );
}
