import { at } from '@clip-lung/tensor';

import { MetricsInputError } from '../error.js';
import { groupPlaces } from './group-places.js';

/** Groups that a statistic cannot tell apart are of one kind. */
export interface Kinds {
  /** of each group, in the order in which they appear, its kind, [G] */
  readonly kindOf: Uint32Array;
  /** how many groups are of each kind, [J] */
  readonly sizes: Float64Array;
}

/** Groups of cases by what they add to sums: no statistic of sums tells groups apart that add the same. */
export interface GroupKinds extends Kinds {
  /** of each list of values, what a group of each kind adds to its sum, [S][J] */
  readonly sums: readonly Float64Array[];
}

/**
 * @param groups the group of each case, [N]
 * @param values S lists of N
 * @throws {@link MetricsInputError} for a list that is not as long as there are cases, or holds what is not a finite number
 */
export function groupKinds(
  groups: readonly string[],
  values: readonly ArrayLike<number>[],
): GroupKinds {
  const { placeOf, count } = groupPlaces(groups);
  const totals = values.map((list, s) =>
    totalsOf(list, `values[${s}]`, placeOf, count),
  );
  const kinds = new Map<string, number>();
  const firsts: number[] = [];
  const sizes: number[] = [];
  const kindOf = new Uint32Array(count);
  for (let group = 0; group < count; group++) {
    const key = totals.map((total) => total[group]).join();
    const known = kinds.get(key);
    const kind = known ?? kinds.size;
    if (known === undefined) {
      kinds.set(key, kind);
      firsts.push(group);
      sizes.push(0);
    }
    sizes[kind] = at(sizes, kind) + 1;
    kindOf[group] = kind;
  }
  return {
    kindOf,
    sizes: Float64Array.from(sizes),
    sums: totals.map((total) =>
      Float64Array.from(firsts, (group) => at(total, group)),
    ),
  };
}

function totalsOf(
  values: ArrayLike<number>,
  name: string,
  placeOf: Uint32Array,
  groups: number,
): Float64Array {
  if (values.length !== placeOf.length) {
    throw new MetricsInputError(
      `${name} has ${values.length} numbers, expected ${placeOf.length}, one for each case`,
    );
  }
  const totals = new Float64Array(groups);
  for (const [i, place] of placeOf.entries()) {
    const value = values[i];
    if (value === undefined || !Number.isFinite(value)) {
      throw new MetricsInputError(
        `${name}[${i}] is ${value}, expected a finite number`,
      );
    }
    totals[place] = at(totals, place, 'groups') + value;
  }
  return totals;
}
