import type { Grouped, Subgroup } from './subgroup.js';

/** A group of values, and where it ends: the next one begins there. */
export interface Range {
  readonly group: string;
  readonly below: number;
}

/** Groups of a number: each value is in the first whose end lies above it. */
export function byRanges(
  ranges: readonly Range[],
  valueOf: (of: Parameters<Subgroup['groupOf']>[0]) => number | undefined,
  /** why a nodule without a value has none */
  unknown: string,
): Pick<Subgroup, 'groups' | 'groupOf'> {
  return {
    groups: ranges.map(({ group }) => group),
    groupOf: (of): Grouped => {
      const value = valueOf(of);
      const found = ranges.find(
        ({ below }) => value !== undefined && value < below,
      );
      return found === undefined ? { unknown } : { group: found.group };
    },
  };
}
