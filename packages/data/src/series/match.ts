import { at } from '@clip-lung/tensor';

import type { SliceHeader } from '../dicom/header.js';
import type { CtReadings, Region } from '../lidc-xml/readings.js';
import { firstVoxelOf } from './geometry.js';
import { indexOfPosition } from './positions.js';
import type { Series } from './series.js';

/** Finds the slice of a region: its index, or where it would be if the series had it. */
export interface SliceFinder {
  /** the index of the region's slice; undefined where the series lacks it */
  readonly slice: (region: Pick<Region, 'z' | 'sopUid'>) => number | undefined;
  /** the index of the slice, or for a missing one the whole index of where it would lie */
  readonly index: (region: Pick<Region, 'z' | 'sopUid'>) => number;
  readonly contradictions: Contradictions | undefined;
}

/** What a region says of its slice. */
type Mark = Pick<Region, 'z' | 'sopUid'>;

/** Regions whose SOP Instance UID and z name places that are more than half the spacing apart. */
export interface Contradictions {
  readonly count: number;
  /** one of them: what it says, and the slice that has its UID */
  readonly example: { readonly mark: Mark; readonly slice: SliceHeader };
}

/**
 * Regions find their slice by SOP Instance UID; where the series has no such slice, or the UID is that of several, by z, to
 * within half the spacing. Where UID and z contradict each other, the UID decides, because some files give several slices
 * one z. Then z is not to be trusted in that file, and a region whose slice is not there by its UID has none.
 *
 * @param marks all regions that are to find their slices
 */
export function sliceFinder(
  series: Series,
  marks: readonly Mark[] = [],
): SliceFinder {
  const bySop = new Map(
    series.slices.flatMap(({ sopUid }, k) =>
      series.repeatedUids.has(sopUid) ? [] : [[sopUid, k] as const],
    ),
  );
  // A slice that gave way to another one at its place.
  for (const { kept, leftOut } of series.samePlace) {
    const place = bySop.get(kept.sopUid) ?? series.slices.indexOf(kept);
    if (series.repeatedUids.has(leftOut.sopUid)) continue;
    if (!bySop.has(leftOut.sopUid)) bySop.set(leftOut.sopUid, place);
  }
  const positionOf = ({ z }: Pick<Region, 'z'>): number =>
    positionOfZ(series, z);
  const against = marks.flatMap((mark) => {
    const place = bySop.get(mark.sopUid);
    if (place === undefined) return [];
    const apart = Math.abs(at(series.positions, place) - positionOf(mark));
    return apart > series.spacing / 2
      ? [{ mark, slice: at(series.slices, place) }]
      : [];
  });
  const [example] = against;

  const slice = (region: Mark) => {
    const found = bySop.get(region.sopUid);
    if (found !== undefined) return found;
    if (against.length > 0) return undefined;
    const position = positionOf(region);
    const nearest = Math.round(indexOfPosition(series, position));
    // Undefined beyond the ends of the series.
    const there = series.positions[nearest];
    return there !== undefined &&
      Math.abs(there - position) <= series.spacing / 2
      ? nearest
      : undefined;
  };
  return {
    slice,
    index: (region) =>
      slice(region) ?? Math.round(indexOfPosition(series, positionOf(region))),
    contradictions: example && { count: against.length, example },
  };
}

/** The position along the normal, mm, of a z: slices are axial, so it is z itself, upwards or downwards. */
function positionOfZ({ frame, slices, positions }: Series, z: number): number {
  const [, , firstZ] = firstVoxelOf(at(slices, 0, 'slices'));
  return at(positions, 0) + Math.sign(frame.normal[2]) * (z - firstZ);
}

/**
 * Slice indices where there are annotations but no images: slices are taken to be as far apart as neighbouring slices
 * of the annotations mostly are.
 */
export function estimatedIndices(readings: CtReadings): {
  readonly spacing: number;
  readonly index: (region: Pick<Region, 'z'>) => number;
} {
  const spacing = estimateSpacing(readings);
  const [first] = readings.annotations.flatMap(({ regions }) => regions);
  // Without annotations there is nothing to find an index for.
  const start = first === undefined ? 0 : first.z;
  return { spacing, index: ({ z }) => Math.round((z - start) / spacing) };
}

/**
 * The most frequent distance, mm, of neighbouring slices of an annotation, and of equally frequent ones the least; 1
 * where no annotation has two slices.
 */
function estimateSpacing({ annotations }: CtReadings): number {
  const byHundredths = new Map<number, number[]>();
  for (const { regions } of annotations) {
    const heights = [...new Set(regions.map(({ z }) => z))];
    heights.sort((a, b) => a - b);
    for (const [k, z] of heights.slice(1).entries()) {
      const distance = z - at(heights, k);
      const key = Math.round(100 * distance);
      const list = byHundredths.get(key);
      if (list) list.push(distance);
      else if (key > 0) byHundredths.set(key, [distance]);
    }
  }
  const [mode] = [...byHundredths.values()].sort(
    (a, b) => b.length - a.length || at(a, 0) - at(b, 0),
  );
  if (mode === undefined) return 1;
  return mode.reduce((sum, distance) => sum + distance, 0) / mode.length;
}
