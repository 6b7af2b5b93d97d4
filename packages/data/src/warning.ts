/** Something odd that did not stop the work: what kind, where, and in words. */
export interface Warning {
  /** the kind, fixed for programs to count by: `superseded`, `slice-missing` */
  readonly code: string;
  /** the file or series concerned */
  readonly file: string;
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
