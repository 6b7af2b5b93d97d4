import type { Vec3 } from './vector.js';

/** A CT volume while it is being painted. Slice 0 is the lowest; a voxel's centre is at (column, row, slice) · spacing. */
export interface Volume {
  /** columns, rows, slices */
  readonly size: Vec3;
  /** distance of voxel centres along x, y, z in mm */
  readonly spacing: Vec3;
  /** HU, row-major [slices, rows, columns] */
  readonly voxels: Float32Array;
}

export function newVolume(size: Vec3, spacing: Vec3, hu: number): Volume {
  const voxels = new Float32Array(size[0] * size[1] * size[2]).fill(hu);
  return { size, spacing, voxels };
}

/** The voxels whose centres lie in the box `center` ± `half` (mm), cut to the volume; both ends are in the range. */
export function boxAround(
  { size, spacing }: Volume,
  center: Vec3,
  half: Vec3,
): readonly [low: Vec3, high: Vec3] {
  const low = (axis: 0 | 1 | 2): number =>
    Math.max(0, Math.ceil((center[axis] - half[axis]) / spacing[axis]));
  const high = (axis: 0 | 1 | 2): number =>
    Math.min(
      size[axis] - 1,
      Math.floor((center[axis] + half[axis]) / spacing[axis]),
    );
  return [
    [low(0), low(1), low(2)],
    [high(0), high(1), high(2)],
  ];
}
