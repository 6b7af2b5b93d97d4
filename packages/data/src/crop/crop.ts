import { airHu, type PixelWindow } from '../dicom/pixels.js';
import { indexOfPosition, type Series } from '../series/series.js';

/** Samples along each side of a crop, as a model sees it; crops with a margin have more. */
export const cropSize = 32;
/** The side of a crop in diameters of its nodule. */
export const cropScale = 2;

/** The samples of one axis: each between two neighbouring voxels. */
interface Axis {
  /** index of the lower voxel, [size]; both may lie outside of the volume */
  readonly low: Int32Array;
  /** weight of the upper voxel, [size] */
  readonly weight: Float64Array;
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
  series: Series,
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
  { x, y, z, window }: CropPlan,
  windows: ReadonlyMap<number, Float32Array>,
): Int16Array {
  const { x0, x1, y0, y1 } = window;
  const width = x1 - x0;
  const voxel = (
    slice: Float32Array | undefined,
    row: number,
    column: number,
  ): number =>
    column >= x0 && column < x1 && row >= y0 && row < y1
      ? (slice?.[(row - y0) * width + column - x0] ?? airHu)
      : airHu;

  const size = x.low.length;
  const crop = new Int16Array(size ** 3);
  let to = 0;
  for (let k = 0; k < size; k++) {
    const lowSlice = windows.get(z.low[k] ?? 0);
    const highSlice = windows.get((z.low[k] ?? 0) + 1);
    const wz = z.weight[k] ?? 0;
    for (let j = 0; j < size; j++) {
      const row = y.low[j] ?? 0;
      const wy = y.weight[j] ?? 0;
      for (let i = 0; i < size; i++) {
        const column = x.low[i] ?? 0;
        const wx = x.weight[i] ?? 0;
        const plane = (slice: Float32Array | undefined): number =>
          mix(
            mix(voxel(slice, row, column), voxel(slice, row, column + 1), wx),
            mix(
              voxel(slice, row + 1, column),
              voxel(slice, row + 1, column + 1),
              wx,
            ),
            wy,
          );
        crop[to++] = toInt16(mix(plane(lowSlice), plane(highSlice), wz));
      }
    }
  }
  return crop;
}

/** @param at the fractional index at an offset from the centre, in sides: −½ to ½ for 32 samples */
function axisOf(size: number, at: (offset: number) => number): Axis {
  const low = new Int32Array(size);
  const weight = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const index = at((i + 0.5 - size / 2) / cropSize);
    low[i] = Math.floor(index);
    weight[i] = index - Math.floor(index);
  }
  return { low, weight };
}

/** The voxels of an axis that its samples touch, within the volume. */
function reach(
  { low }: Axis,
  length: number,
): readonly [from: number, to: number] {
  const from = Math.max(low[0] ?? 0, 0);
  const to = Math.min((low[low.length - 1] ?? 0) + 2, length);
  return [from, Math.max(from, to)];
}

function mix(low: number, high: number, weight: number): number {
  return low + (high - low) * weight;
}

function toInt16(hu: number): number {
  return Math.min(Math.max(Math.round(hu), -32768), 32767);
}
