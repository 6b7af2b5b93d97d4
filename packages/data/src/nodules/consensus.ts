import type { Annotation } from '../lidc-xml/readings.js';
import { patientPoint, type Vector } from '../series/geometry.js';
import type { SliceFinder } from '../series/match.js';
import type { Series } from '../series/series.js';
import { type Agreement, agreementOf } from './agreement.js';

/** Where a nodule is and how large, as its readers agree. */
export interface Consensus {
  /** centre of mass in patient coordinates, mm */
  readonly centre: Vector;
  /** centre of mass as voxel indices: column, row, slice */
  readonly voxel: Vector;
  /** centre of mass along the normal of the slices, mm */
  readonly position: number;
  /** mm³ */
  readonly volume: number;
  /** of the sphere of this volume, mm */
  readonly diameter: number;
  /**
   * what the nodule was taken to be: voxels that at least half of its annotations hold; those of any, where there are no
   * such; the contours' own voxels, where no contour encloses one
   */
  readonly from: 'half' | 'union' | 'contours';
  readonly agreement: Agreement;
}

/**
 * The consensus of a nodule's annotations.
 *
 * @returns undefined when the series lacks the slices of all contours
 */
export function consensusOf(
  annotations: readonly Annotation[],
  series: Series,
  finder: SliceFinder,
): Consensus | undefined {
  const agreement = agreementOf(annotations, finder);
  if (agreement === undefined) return undefined;
  const { counts, edges } = agreement;
  const candidates = [
    ['half', counts, annotations.length / 2],
    ['union', counts, 1],
    ['contours', edges, 1],
  ] as const;
  for (const [from, masks, least] of candidates) {
    const mass = massOf(masks, least, agreement, series);
    if (mass.voxels === 0) continue;
    const { frame, spacing } = series;
    const { columnSpacing, rowSpacing } = frame;
    const volume = mass.voxels * columnSpacing * rowSpacing * spacing;
    const [column, row] = mass.voxel;
    return {
      centre: patientPoint(series, column, row, mass.position),
      voxel: mass.voxel,
      position: mass.position,
      volume,
      diameter: diameterOf(volume),
      from,
      agreement,
    };
  }
  return undefined;
}

/** Diameter of the sphere of a volume. */
export function diameterOf(volume: number): number {
  return Math.cbrt((6 * volume) / Math.PI);
}

interface Mass {
  readonly voxels: number;
  readonly voxel: Vector;
  readonly position: number;
}

/** The number of voxels that reach `least`, and the mean of their indices. */
function massOf(
  masks: ReadonlyMap<number, Uint8Array>,
  least: number,
  { rectangle: { x0, y0, width } }: Agreement,
  { positions }: Series,
): Mass {
  let voxels = 0;
  let [column, row, slice, position] = [0, 0, 0, 0];
  for (const [k, mask] of masks) {
    for (let i = 0; i < mask.length; i++) {
      if ((mask[i] ?? 0) < least) continue;
      voxels += 1;
      column += x0 + (i % width);
      row += y0 + Math.floor(i / width);
      slice += k;
      position += positions[k] ?? 0;
    }
  }
  return {
    voxels,
    voxel: [column / voxels, row / voxels, slice / voxels],
    position: position / voxels,
  };
}
