import { cropSize } from '@clip-lung/lidc';
import { formatShape, type NdArray } from '@clip-lung/tensor';

import { InputError } from '../errors.js';
import { type CropSpace, planCrop, sampleCrop } from './crop.js';

/** A CT volume in memory, evenly spaced. */
export interface Volume {
  /** HU, [slices, rows, columns] */
  readonly voxels: NdArray;
  /** distances of neighbouring voxels along z, y, x, mm */
  readonly spacing: readonly [z: number, y: number, x: number];
}

/** Which cube is cut out of a volume. */
export interface CubeOptions {
  /** fractional voxel index of its middle, along z, y, x: 0 is the middle of the first voxel */
  readonly centre: readonly [z: number, y: number, x: number];
  /** mm; crops of LIDC-IDRI are cubes of twice the nodule's diameter */
  readonly side: number;
  /** samples along each axis, even; those beyond 32 go on around the cube, as a margin. Default 32 */
  readonly size?: number;
}

/**
 * Cuts a cube out of a volume as `prepare` does out of a series: 32 samples along each axis, in the middles of 32 equal parts
 * of the side, trilinear between voxels; what is outside of the volume is air, −1000 HU.
 *
 * @returns HU, [size, size, size], rounded and held within int16
 * @throws {@link InputError} for an array that is not a volume, or a place or a length that is not one
 */
export function cropVolume(
  { voxels, spacing }: Volume,
  { centre, side, size = cropSize }: CubeOptions,
): Int16Array {
  const [slices, rows, columns, ...others] = voxels.shape;
  if (
    slices === undefined ||
    rows === undefined ||
    columns === undefined ||
    others.length > 0
  ) {
    throw new InputError(
      `a volume is ${formatShape(voxels.shape)}, expected [slices, rows, columns]`,
    );
  }
  const lengths = { side, spacing: Math.min(...spacing) };
  for (const [name, length] of Object.entries(lengths)) {
    if (Number.isFinite(length) && length > 0) continue;
    throw new InputError(`${name} is ${length}, expected millimetres above 0`);
  }
  if (!centre.every(Number.isFinite)) {
    throw new InputError(
      `centre is ${centre.join(', ')}, expected a voxel index along z, y, x`,
    );
  }
  const [z, y, x] = centre;
  const [betweenSlices, rowSpacing, columnSpacing] = spacing;
  const space: CropSpace = {
    frame: { columnSpacing, rowSpacing },
    ...{ rows, columns, slices: { length: slices } },
    positions: Array.from({ length: slices }, (_, k) => k * betweenSlices),
    spacing: betweenSlices,
  };
  const middle = { column: x, row: y, position: z * betweenSlices };
  const plan = planCrop(space, middle, side, size);
  const { x0, x1, y0, y1 } = plan.window;
  const windowOf = (slice: number): Float32Array => {
    const seen = new Float32Array((y1 - y0) * (x1 - x0));
    for (let row = y0; row < y1; row++) {
      const from = (slice * rows + row) * columns;
      const line = voxels.data.subarray(from + x0, from + x1);
      seen.set(Float32Array.from(line, Number), (row - y0) * (x1 - x0));
    }
    return seen;
  };
  return sampleCrop(
    plan,
    new Map(plan.slices.map((slice) => [slice, windowOf(slice)])),
  );
}
