import type { CtReadings, Region } from '../lidc-xml/readings.js';
import { indexOfPosition, type Series } from './series.js';

/** Finds the slice of a region: its index, or where it would be if the series had it. */
export interface SliceFinder {
  /** the index of the region's slice; undefined where the series lacks it */
  readonly slice: (region: Pick<Region, 'z' | 'sopUid'>) => number | undefined;
  /** the index of the slice, or for a missing one the whole index of where it would lie */
  readonly index: (region: Pick<Region, 'z' | 'sopUid'>) => number;
}

/**
 * Regions find their slice by SOP Instance UID; where the series has no such slice, by z, to within half the spacing.
 * The UID comes first because some files give several slices one z.
 */
export function sliceFinder(series: Series): SliceFinder {
  const bySop = new Map(series.slices.map(({ sopUid }, k) => [sopUid, k]));
  // The slices are axial, so the position along the normal is z, upwards or downwards.
  const sign = Math.sign(series.frame.normal[2]);
  const [, , firstZ = 0] = series.slices[0]?.position ?? [];
  const start = series.positions[0] ?? 0;
  const positionOf = (z: number): number => start + sign * (z - firstZ);

  const slice = ({ z, sopUid }: Pick<Region, 'z' | 'sopUid'>) => {
    const found = bySop.get(sopUid);
    if (found !== undefined) return found;
    const position = positionOf(z);
    const nearest = Math.round(indexOfPosition(series, position));
    const distance = Math.abs((series.positions[nearest] ?? NaN) - position);
    return distance <= series.spacing / 2 ? nearest : undefined;
  };
  return {
    slice,
    index: (region) =>
      slice(region) ??
      Math.round(indexOfPosition(series, positionOf(region.z))),
  };
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
  const start = readings.annotations[0]?.regions[0]?.z ?? 0;
  return { spacing, index: ({ z }) => Math.round((z - start) / spacing) };
}

/**
 * The most frequent distance, mm, of neighbouring slices of an annotation, and of equally frequent ones the least; 1
 * where no annotation has two slices.
 */
export function estimateSpacing({ annotations }: CtReadings): number {
  const byHundredths = new Map<number, number[]>();
  for (const { regions } of annotations) {
    const heights = [...new Set(regions.map(({ z }) => z))];
    heights.sort((a, b) => a - b);
    for (const [k, z] of heights.slice(1).entries()) {
      const distance = z - (heights[k] ?? z);
      const key = Math.round(100 * distance);
      const list = byHundredths.get(key);
      if (list) list.push(distance);
      else if (key > 0) byHundredths.set(key, [distance]);
    }
  }
  const [mode] = [...byHundredths.values()].sort(
    (a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0),
  );
  if (mode === undefined) return 1;
  return mode.reduce((sum, distance) => sum + distance, 0) / mode.length;
}
