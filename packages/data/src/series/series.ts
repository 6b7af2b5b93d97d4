import type { SliceHeader } from '../dicom/header.js';
import { SeriesError } from '../errors.js';
import { comparePaths } from '../lidc-xml/duplicates.js';
import type { Warning } from '../warning.js';
import { axialFrame, type Frame, stackOf } from './geometry.js';
import { checkSlices } from './slice-checks.js';
import { near, volumeSlices } from './volume-slices.js';

/**
 * The slices of one CT series as a volume. A voxel index is [column, row, slice], slice 0 being the lowest along the
 * normal of the slices; between the slices' true positions it is a fraction.
 */
export interface Series {
  readonly seriesUid: string;
  readonly patientId: string | null;
  readonly manufacturer: string | null;
  /** in the order of their positions along the normal */
  readonly slices: readonly SliceHeader[];
  readonly frame: Frame;
  /** positions of the slices along the normal, mm, rising */
  readonly positions: readonly number[];
  /** median distance of neighbouring slices, mm */
  readonly spacing: number;
  /** Slice Thickness, or the spacing where the headers have none, mm */
  readonly sliceThickness: number;
  readonly rows: number;
  readonly columns: number;
  readonly warnings: readonly Warning[];
}

/** Slices nearer than this part of the median spacing lie at one position. */
const sameShare = 0.01;
/** Slices further apart than this many times the median spacing have a gap between them. */
const gapShare = 1.5;

/**
 * Makes a volume of the slices of one series.
 *
 * Localisers, and the few slices that are oriented otherwise than the most, are no part of it, and left out with a warning.
 * Slices at one position are duplicates: the first by name stays (`slice-duplicate`). A distance over 1.5 times the
 * median is a gap (`slice-gap`): it is interpolated over between the slices' true positions, as uneven spacing is.
 *
 * @throws {@link SeriesError} for fewer than two slices, slices that differ in size, spacing or orientation, ones that
 *   are not axial, a tilted gantry, or headers without a position
 */
export function seriesOf(headers: readonly SliceHeader[]): Series {
  const { slices: ordered, warnings: leftOut } = volumeSlices(
    [...headers].sort((a, b) => comparePaths(a.file, b.file)),
  );
  const [first] = ordered;
  const seriesUid = headers[0]?.seriesUid ?? 'unknown';
  const refuse = (problem: string): never => {
    throw new SeriesError(seriesUid, problem);
  };
  if (first === undefined) {
    return refuse(headers.length > 0 ? 'has localisers only' : 'has no slices');
  }
  const noted = checkSlices(ordered, refuse);
  const frame = axialFrame(first, refuse);
  for (const slice of ordered) expectSame(first, slice, refuse);

  const stack = stackOf(ordered, frame, refuse);
  const { slices, positions, dropped } = withoutDuplicates(stack);
  if (slices.length < 2) {
    refuse(`has slices at ${slices.length} position, expected at least 2`);
  }
  const gaps = positions.slice(1).map((z, k) => z - (positions[k] ?? z));
  const spacing = median(gaps);
  const wide = gaps.filter((gap) => gap > gapShare * spacing);

  const warnings: Warning[] = [
    ...leftOut,
    ...noted,
    ...dropped.map(({ file }) => ({
      code: 'slice-duplicate',
      file,
      message: 'lies where another slice of its series lies; it is left out',
    })),
  ];
  if (wide.length > 0) {
    const widest = Math.max(...wide);
    warnings.push({
      code: 'slice-gap',
      file: first.file,
      message: `series ${seriesUid} has ${wide.length} gaps: ${format(widest)} mm at most, where ${format(spacing)} mm are usual; crops are interpolated across`,
    });
  }
  return {
    seriesUid,
    patientId: first.patientId,
    manufacturer: first.manufacturer,
    slices,
    frame,
    positions,
    spacing,
    sliceThickness: thicknessOf(ordered) ?? spacing,
    rows: first.format.rows,
    columns: first.format.columns,
    warnings,
  };
}

/** Position along the normal, mm, of a fractional slice index; beyond the ends it goes on with the median spacing. */
export function positionOfIndex(
  { positions, spacing }: Pick<Series, 'positions' | 'spacing'>,
  index: number,
): number {
  const last = positions.length - 1;
  const low = Math.min(Math.max(Math.floor(index), 0), last);
  const high = Math.min(low + 1, last);
  const start = positions[low] ?? 0;
  const step = (positions[high] ?? 0) - start;
  const inside = index >= 0 && index <= last;
  return start + (index - low) * (inside && high > low ? step : spacing);
}

/** Fractional slice index of a position along the normal: the inverse of {@link positionOfIndex}. */
export function indexOfPosition(
  { positions, spacing }: Pick<Series, 'positions' | 'spacing'>,
  position: number,
): number {
  const last = positions.length - 1;
  const start = positions[0] ?? 0;
  const end = positions[last] ?? 0;
  if (position < start) return (position - start) / spacing;
  if (position >= end) return last + (position - end) / spacing;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? 0) <= position) low = middle;
    else high = middle;
  }
  const from = positions[low] ?? 0;
  return low + (position - from) / ((positions[high] ?? 0) - from);
}

function withoutDuplicates(
  stack: readonly (readonly [position: number, slice: SliceHeader])[],
): {
  readonly slices: SliceHeader[];
  readonly positions: number[];
  readonly dropped: SliceHeader[];
} {
  const gaps = stack
    .slice(1)
    .map(([z], k) => z - (stack[k]?.[0] ?? z))
    .filter((gap) => gap > 1e-3);
  const least = Math.max(1e-3, sameShare * median(gaps));
  const slices: SliceHeader[] = [];
  const positions: number[] = [];
  const dropped: SliceHeader[] = [];
  for (const [position, slice] of stack) {
    if (position - (positions.at(-1) ?? -Infinity) <= least) {
      dropped.push(slice);
    } else {
      slices.push(slice);
      positions.push(position);
    }
  }
  return { slices, positions, dropped };
}

function expectSame(
  first: SliceHeader,
  slice: SliceHeader,
  refuse: (problem: string) => never,
): void {
  const describe = ({ format: { rows, columns }, ...slice }: SliceHeader) =>
    `${rows} × ${columns} voxels of ${slice.pixelSpacing?.join(' × ') ?? 'no'} mm, oriented ${slice.orientation?.join(' ') ?? 'nowhere'}`;
  const same =
    first.format.rows === slice.format.rows &&
    first.format.columns === slice.format.columns &&
    near(first.pixelSpacing, slice.pixelSpacing) &&
    near(first.orientation, slice.orientation);
  if (!same) {
    refuse(
      `${slice.file} has ${describe(slice)}; ${first.file} has ${describe(first)}`,
    );
  }
  if (first.patientId !== slice.patientId) {
    refuse(
      `${slice.file} is of patient "${slice.patientId ?? ''}", ${first.file} of patient "${first.patientId ?? ''}"`,
    );
  }
}

function thicknessOf(slices: readonly SliceHeader[]): number | null {
  const found = slices
    .map(({ sliceThickness }) => sliceThickness)
    .filter((thickness) => thickness !== null && thickness > 0);
  return found.length > 0 ? median(found) : null;
}

/** The lower median, so that it is one of the values; 0 of none. */
export function median(values: readonly (number | null)[]): number {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

function format(millimetres: number): string {
  return String(Number(millimetres.toFixed(3)));
}
