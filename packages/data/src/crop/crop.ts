import { airHu, cropSize } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import { type PixelWindow } from '../dicom/pixels.js';
import { indexOfPosition } from '../series/positions.js';

/** The samples of one axis: each between two neighbouring voxels. */
interface Axis {
  /** index of the lower voxel, [size]; both may lie outside of the volume */
  readonly low: Int32Array;
  /** weight of the upper voxel, [size] */
  readonly weight: Float64Array;
}

/** What of a volume says where its voxels lie. A series does. */
export interface CropSpace {
  /** mm between neighbouring voxels of a slice */
  readonly frame: {
    readonly columnSpacing: number;
    readonly rowSpacing: number;
  };
  readonly rows: number;
  readonly columns: number;
  readonly slices: { readonly length: number };
  /** of the slices along their normal, mm, rising */
  readonly positions: readonly number[];
  /** median distance of neighbouring slices, mm */
  readonly spacing: number;
}

/** What a crop needs of a series: where it samples, and the part of every slice that it has to see. */
export interface CropPlan {
  readonly x: Axis;
  readonly y: Axis;
  readonly z: Axis;
  /** the same part of every slice; empty when the crop lies beside the volume */
  readonly window: PixelWindow;
  /** indices of the slices to read, rising */
  readonly slices: readonly number[];
}

/** The middle of a crop. */
export interface CropCentre {
  /** fractional voxel index */
  readonly column: number;
  /** fractional voxel index */
  readonly row: number;
  /** position along the normal of the slices, mm */
  readonly position: number;
}

/**
 * Plans the crop of a cube of `side` mm: 32 samples along each axis of the volume, in the middles of 32 equal parts of
 * the side. More samples go on beyond the cube at the same distances, so the 32³ in the middle stay the same.
 *
 * @param size number of samples along each axis, even
 */
export function planCrop(
  series: CropSpace,
  { column, row, position }: CropCentre,
  side: number,
  size: number = cropSize,
): CropPlan {
  const { columnSpacing, rowSpacing } = series.frame;
  const x = axisOf(size, (offset) => column + (offset * side) / columnSpacing);
  const y = axisOf(size, (offset) => row + (offset * side) / rowSpacing);
  const z = axisOf(size, (offset) =>
    indexOfPosition(series, position + offset * side),
  );
  const [x0, x1] = reach(x, series.columns);
  const [y0, y1] = reach(y, series.rows);
  const slices = new Set<number>();
  for (const low of z.low) {
    for (const k of [low, low + 1]) {
      if (k >= 0 && k < series.slices.length) slices.add(k);
    }
  }
  const seen = x0 < x1 && y0 < y1;
  return {
    x,
    y,
    z,
    window: { x0, x1, y0, y1 },
    slices: seen ? [...slices].sort((a, b) => a - b) : [],
  };
}

/**
 * Samples a crop, trilinear between voxels. Voxels outside of the volume are air, −1000 HU.
 *
 * @param windows the HU of the plan's window of every slice of the plan, by slice index
 * @returns HU, [z, y, x] of size³, rounded and held within int16
 */
export function sampleCrop(
  plan: CropPlan,
  windows: ReadonlyMap<number, Float32Array>,
): Int16Array {
  const { z } = plan;
  const size = z.low.length;
  // Samples lie closer than slices mostly do: a slice is interpolated once for all samples between it and its neighbours.
  const planes = new Map<number, Float64Array>();
  const planeOf = (slice: number): Float64Array => {
    const known = planes.get(slice);
    if (known) return known;
    const plane = samplePlane(plan, windows.get(slice));
    planes.set(slice, plane);
    return plane;
  };
  const crop = new Int16Array(size ** 3);
  let to = 0;
  for (let k = 0; k < size; k++) {
    const slice = at(z.low, k);
    const low = planeOf(slice);
    const high = planeOf(slice + 1);
    const weight = at(z.weight, k);
    for (let i = 0; i < low.length; i++) {
      crop[to++] = toInt16(mix(low[i] as number, high[i] as number, weight));
    }
  }
  return crop;
}

/** The HU of one slice where a crop samples it, [y, x] of size²: first along x, then along y. */
function samplePlane(
  { x, y, window }: CropPlan,
  slice: Float32Array | undefined,
): Float64Array {
  const size = x.low.length;
  const plane = new Float64Array(size * size);
  if (slice === undefined) return plane.fill(airHu);
  const { x0, x1, y0, y1 } = window;
  const width = x1 - x0;
  const rows = new Float64Array((y1 - y0) * size);
  for (let i = 0; i < size; i++) {
    const column = at(x.low, i) - x0;
    const weight = at(x.weight, i);
    const hasLow = column >= 0 && column < width;
    const hasHigh = column >= -1 && column < width - 1;
    for (let row = 0; row < y1 - y0; row++) {
      const from = row * width + column;
      const low = hasLow ? (slice[from] as number) : airHu;
      const high = hasHigh ? (slice[from + 1] as number) : airHu;
      rows[row * size + i] = mix(low, high, weight);
    }
  }
  for (let j = 0; j < size; j++) {
    const row = at(y.low, j) - y0;
    const weight = at(y.weight, j);
    const hasLow = row >= 0 && row < y1 - y0;
    const hasHigh = row >= -1 && row < y1 - y0 - 1;
    for (let i = 0; i < size; i++) {
      const from = row * size + i;
      const low = hasLow ? (rows[from] as number) : airHu;
      const high = hasHigh ? (rows[from + size] as number) : airHu;
      plane[j * size + i] = mix(low, high, weight);
    }
  }
  return plane;
}

/** @param indexAt the fractional index at an offset from the centre, in sides: −½ to ½ for 32 samples */
function axisOf(size: number, indexAt: (offset: number) => number): Axis {
  const low = new Int32Array(size);
  const weight = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const index = indexAt((i + 0.5 - size / 2) / cropSize);
    low[i] = Math.floor(index);
    weight[i] = index - Math.floor(index);
  }
  return { low, weight };
}

/** The share of a crop's samples whose nearest voxel lies outside of the volume. */
export function shareOutside(
  { rows, columns, slices }: Pick<CropSpace, 'rows' | 'columns' | 'slices'>,
  { x, y, z }: CropPlan,
): number {
  const inside = ({ low, weight }: Axis, length: number): number =>
    low.reduce((count, voxel, i) => {
      const nearest = voxel + (at(weight, i) < 0.5 ? 0 : 1);
      return count + (nearest >= 0 && nearest < length ? 1 : 0);
    }, 0) / low.length;
  return 1 - inside(x, columns) * inside(y, rows) * inside(z, slices.length);
}

/** The voxels of an axis that its samples touch, within the volume. */
function reach(
  { low }: Axis,
  length: number,
): readonly [from: number, to: number] {
  const from = Math.max(at(low, 0), 0);
  const to = Math.min(at(low, low.length - 1) + 2, length);
  return [from, Math.max(from, to)];
}

function mix(low: number, high: number, weight: number): number {
  return low + (high - low) * weight;
}

function toInt16(hu: number): number {
  return Math.min(Math.max(Math.round(hu), -32768), 32767);
}
