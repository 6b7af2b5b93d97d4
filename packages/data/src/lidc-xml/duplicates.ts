import type { CtReadings } from './readings.js';

/** A file that gave way to another one of the same series. */
export interface Superseded {
  readonly file: string;
  readonly by: string;
  /** whether both files say the same about the series, so that nothing is lost */
  readonly same: boolean;
}

/** An annotation file, and the series that it is of. */
export type FileOfSeries = Pick<CtReadings, 'file' | 'seriesUid'>;

const correctionName = /correct|resubmi/i;

/**
 * Keeps one file of every series.
 *
 * The rule: a file whose name says that it corrects (`161-resubmitted-correction-3-9-12.xml`) wins, because the message
 * inside repeats the corrected one's identifiers and dates and so cannot tell which is newer; among equals the first
 * in the order of paths wins. In LIDC-IDRI six series have 23 files between them, and those of one series differ in
 * their header alone: `same` says so, and a false one deserves a look.
 *
 * @returns the kept readings in the order of their paths, and what each of the others gave way to
 */
export function resolveDuplicates(readings: Iterable<CtReadings>): {
  readonly scans: readonly CtReadings[];
  readonly superseded: readonly Superseded[];
} {
  return keepOneOfSeries(readings, readingsContent);
}

/**
 * As {@link resolveDuplicates}, of readings that need not be at hand as such.
 *
 * @param contentOf what a file says of its series; asked for only where a series has several files
 */
export function keepOneOfSeries<R extends FileOfSeries>(
  readings: Iterable<R>,
  contentOf: (item: R) => string,
): {
  readonly scans: readonly R[];
  readonly superseded: readonly Superseded[];
} {
  const bySeries = new Map<string, R[]>();
  const ordered = [...readings].sort((a, b) => comparePaths(a.file, b.file));
  for (const item of ordered) {
    const others = bySeries.get(item.seriesUid);
    if (others) others.push(item);
    else bySeries.set(item.seriesUid, [item]);
  }
  const scans: R[] = [];
  const superseded: Superseded[] = [];
  for (const [first, ...rest] of bySeries.values()) {
    if (first === undefined) continue;
    const files = [first, ...rest];
    const kept = files.find((item) => isCorrection(item.file)) ?? first;
    scans.push(kept);
    const others = files.filter((item) => item !== kept);
    const content = others.length > 0 ? contentOf(kept) : '';
    for (const item of others) {
      const same = contentOf(item) === content;
      superseded.push({ file: item.file, by: kept.file, same });
    }
  }
  scans.sort((a, b) => comparePaths(a.file, b.file));
  return { scans, superseded };
}

/** The order of paths, the same on every machine: by UTF-16 code units. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isCorrection(file: string): boolean {
  return correctionName.test(file.slice(file.lastIndexOf('/') + 1));
}

/** What readings say of their series, so that two of the same say the same. */
export function readingsContent(readings: CtReadings): string {
  const { annotations, smallMarks, nonNodules } = readings;
  return JSON.stringify(
    [annotations, smallMarks, nonNodules],
    (_key, value: unknown) =>
      value instanceof Int32Array ? value.join(' ') : value,
  );
}
