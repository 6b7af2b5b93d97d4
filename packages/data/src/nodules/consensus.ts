import { at } from '@clip-lung/tensor';

import type { Annotation } from '../lidc-xml/readings.js';
import { patientPoint, type Vector } from '../series/geometry.js';
import type { SliceFinder } from '../series/match.js';
import { gapBeside, weightOfSlice } from '../series/positions.js';
import type { Series } from '../series/series.js';
import { type Agreement, agreementOf } from './agreement.js';

/** Where a nodule is and how large, as its readers agree. */
export interface Consensus {
  /** centre of mass in patient coordinates, mm; each voxel counts by the length that its slice stands for */
  readonly centre: Vector;
  /** centre of mass as voxel indices: column, row, slice */
  readonly voxel: Vector;
  /** centre of mass along the normal of the slices, mm */
  readonly position: number;
  /** mm³: each slice stands for half the way to its neighbours */
  readonly volume: number;
  /** of the sphere of this volume, mm */
  readonly diameter: number;
  /**
   * what the nodule was taken to be: voxels that at least half of its annotations hold; those of any, where there are no
   * such; the contours' own voxels, where no contour encloses one
   */
  readonly from: 'half' | 'union' | 'contours';
  /** the largest distance of one of its slices to the next, mm */
  readonly gap: number;
  readonly agreement: Agreement;
}

/**
 * The consensus of a nodule's annotations.
 *
 * @returns undefined when the series lacks the slices of all contours
 * @throws `SeriesError` for contours that span more than a nodule can
 */
export function consensusOf(
  annotations: readonly Annotation[],
  series: Series,
  finder: SliceFinder,
): Consensus | undefined {
  const agreement = agreementOf(annotations, series.seriesUid, finder);
  if (agreement === undefined) return undefined;
  const { counts, edges } = agreement;
  const candidates = [
    ['half', counts, annotations.length / 2],
    ['union', counts, 1],
    ['contours', edges, 1],
  ] as const;
  for (const [from, masks, least] of candidates) {
    const mass = massOf(masks, least, agreement, series);
    if (mass.weight === 0) continue;
    const { frame, spacing } = series;
    const { columnSpacing, rowSpacing } = frame;
    const volume = mass.weight * columnSpacing * rowSpacing * spacing;
    const [column, row] = mass.voxel;
    return {
      centre: patientPoint(series, column, row, mass.position),
      voxel: mass.voxel,
      position: mass.position,
      volume,
      diameter: diameterOf(volume),
      from,
      gap: mass.gap,
      agreement,
    };
  }
  return undefined;
}

/** Diameter of the sphere of a volume. */
function diameterOf(volume: number): number {
  return Math.cbrt((6 * volume) / Math.PI);
}

interface Mass {
  /** number of voxels, each counted by the weight of its slice */
  readonly weight: number;
  readonly voxel: Vector;
  readonly position: number;
  readonly gap: number;
}

/** The voxels that reach `least`, and the mean of their indices. */
function massOf(
  masks: ReadonlyMap<number, Uint8Array>,
  least: number,
  { rectangle: { x0, y0, width } }: Agreement,
  series: Series,
): Mass {
  let [weight, column, row, slice, position, gap] = [0, 0, 0, 0, 0, 0];
  for (const [k, mask] of masks) {
    let [voxels, columns, rows] = [0, 0, 0];
    for (let i = 0; i < mask.length; i++) {
      if ((mask[i] as number) < least) continue;
      voxels += 1;
      columns += x0 + (i % width);
      rows += y0 + Math.floor(i / width);
    }
    if (voxels === 0) continue;
    const each = weightOfSlice(series, k);
    weight += each * voxels;
    column += each * columns;
    row += each * rows;
    slice += each * voxels * k;
    position += each * voxels * at(series.positions, k);
    gap = Math.max(gap, gapBeside(series, k));
  }
  return {
    weight,
    voxel: [column / weight, row / weight, slice / weight],
    position: position / weight,
    gap,
  };
}
