import { at } from '@clip-lung/tensor';

/** The slices of a volume along its normal. */
export interface SlicePositions {
  /** positions of the slices along the normal, mm, rising */
  readonly positions: readonly number[];
  /** median distance of neighbouring slices, mm */
  readonly spacing: number;
}

/** Position along the normal, mm, of a fractional slice index; beyond the ends it goes on with the median spacing. */
export function positionOfIndex(
  { positions, spacing }: SlicePositions,
  index: number,
): number {
  const last = positions.length - 1;
  const low = Math.min(Math.max(Math.floor(index), 0), last);
  const high = Math.min(low + 1, last);
  const start = at(positions, low);
  const step = at(positions, high) - start;
  const inside = index >= 0 && index <= last;
  return start + (index - low) * (inside && high > low ? step : spacing);
}

/** Fractional slice index of a position along the normal: the inverse of {@link positionOfIndex}. */
export function indexOfPosition(
  { positions, spacing }: SlicePositions,
  position: number,
): number {
  const last = positions.length - 1;
  const start = at(positions, 0);
  const end = at(positions, last);
  if (position < start) return (position - start) / spacing;
  if (position >= end) return last + (position - end) / spacing;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(positions, middle) <= position) low = middle;
    else high = middle;
  }
  const from = at(positions, low);
  return low + (position - from) / (at(positions, high) - from);
}

/**
 * The length along the normal that a slice stands for, as a multiple of the median spacing: half the way to each of its
 * neighbours, so that a volume is the sum of its slices' areas by the trapezoidal rule. Beyond the ends, neighbours are taken
 * to lie the median spacing away. Exactly 1 where slices are evenly spaced, but for rounding.
 */
export function weightOfSlice(
  { positions, spacing }: SlicePositions,
  slice: number,
): number {
  const here = at(positions, slice);
  const below = slice > 0 ? at(positions, slice - 1) : here - spacing;
  const above =
    slice < positions.length - 1 ? at(positions, slice + 1) : here + spacing;
  const weight = (above - below) / (2 * spacing);
  return Math.abs(weight - 1) < 1e-6 ? 1 : weight;
}

/** The largest distance, mm, between a slice and its neighbours. */
export function gapBeside(
  { positions, spacing }: SlicePositions,
  slice: number,
): number {
  const here = at(positions, slice);
  return Math.max(
    here - (positions[slice - 1] ?? here - spacing),
    (positions[slice + 1] ?? here + spacing) - here,
  );
}

/** Further apart than this many times the median distance, slices have a gap between them. */
export const gapShare = 1.5;
/** From this part of the median on, distances of slices differ from it so far that it is told. */
export const unevenShare = 0.1;

/**
 * Nearer than this, mm, slices lie at one place: a hundredth of the usual distance, and at least a thousandth of a
 * millimetre, which is how exactly positions are written.
 */
export function leastDistance(usual: number): number {
  return Math.max(1e-3, 0.01 * usual);
}

/** Distances of neighbouring slices, mm. */
export function gapsOf(positions: readonly number[]): readonly number[] {
  return positions.slice(1).map((z, k) => z - at(positions, k));
}

/** The lower median, so that it is one of the values; 0 of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return at(sorted, (sorted.length - 1) >> 1);
}
