/** Something odd that did not stop the work: what kind, where, and in words. */
export interface Warning {
  /** the kind, fixed for programs to count by: `superseded`, `slice-missing` */
  readonly code: string;
  /** the file or series concerned */
  readonly file: string;
  readonly message: string;
}

/**
 * Something odd in a header that did not stop its being read: an element that was passed over, or a reading that only one value
 * allows. The same words for all slices of a series that have it, so that they take its memory once.
 */
export interface HeaderNote {
  /** the kind, fixed for programs to count by: `excess-padding` */
  readonly code: string;
  readonly message: string;
}

/** How often each kind of warning occurs, in alphabetical order. */
export function countWarnings(
  warnings: readonly Warning[],
): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { code } of warnings) {
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
