import { at } from '@clip-lung/tensor';

import { OptionError } from '../errors.js';

/** What a split needs to know of a nodule. */
export interface Labelled {
  readonly patient: string;
  /** one of the classes */
  readonly label: string;
}

/** Nodules of each class, [K]. */
export type Counts = readonly number[];

/** How many nodules of each class every patient has. @throws {@link OptionError} for a nodule of none of the classes */
export function countByPatient(
  nodules: readonly Labelled[],
  classes: readonly string[],
): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  for (const { patient, label } of nodules) {
    if (!classes.includes(label)) {
      throw new OptionError(
        `a nodule of patient "${patient}" is "${label}", expected ${classes.join(', ')}`,
      );
    }
    const own = counts.get(patient) ?? classes.map(() => 0);
    counts.set(
      patient,
      own.map((n, k) => (classes[k] === label ? n + 1 : n)),
    );
  }
  return counts;
}

export function countsOf(
  counts: ReadonlyMap<string, Counts>,
  patient: string,
): Counts {
  const own = counts.get(patient);
  if (own === undefined) throw new RangeError(`there is no ${patient}`);
  return own;
}

export function sumOf(counts: Counts): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

/** @param classes K */
export function sumCounts(all: readonly Counts[], classes: number): Counts {
  return Array.from({ length: classes }, (_, k) =>
    all.reduce((sum, counts) => sum + at(counts, k, 'classes'), 0),
  );
}
