import { at, formatShape, NdArray, ShapeError } from '@clip-lung/tensor';

import type { HeatMap } from './heat-map.js';

/** How much of a map's heat lies inside a mask. */
export interface HeatShare {
  /** 0..1, of the heat above 0; null where there is none */
  readonly share: number | null;
  /** of the map's samples, those inside: what heat that lies evenly would have, 0..1 */
  readonly even: number;
}

/**
 * The samples within a sphere in the middle of a crop.
 *
 * @param size   samples along each side
 * @param radius in samples
 * @returns [size, size, size]
 */
export function sphereMask(size: number, radius: number): NdArray<'bool'> {
  const middle = (size - 1) / 2;
  const inside = new Uint8Array(size ** 3);
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const distance = Math.hypot(z - middle, y - middle, x - middle);
        inside[(z * size + y) * size + x] = distance <= radius ? 1 : 0;
      }
    }
  }
  return new NdArray('bool', [size, size, size], inside);
}

/**
 * The share of a map's heat inside a mask. A map without z is held against the mask as seen along z: a place counts as inside
 * where any slice of the mask has it.
 *
 * @param mask over the crop, [z, y, x]
 * @throws `ShapeError` for a mask of another size
 */
export function heatShare(
  { axes, overCrop }: HeatMap,
  mask: NdArray<'bool'>,
): HeatShare {
  const own = axes.length === 2 ? alongZ(mask) : mask;
  if (own.shape.join() !== overCrop.shape.join()) {
    throw new ShapeError(
      `the mask is ${formatShape(own.shape)}, and the map lies over ${formatShape(overCrop.shape)}`,
    );
  }
  let [all, inside, samples] = [0, 0, 0];
  overCrop.data.forEach((value, i) => {
    const heat = Math.max(value, 0);
    const isInside = at(own.data, i) === 1;
    all += heat;
    if (isInside) inside += heat;
    if (isInside) samples += 1;
  });
  return {
    share: all > 0 ? inside / all : null,
    even: samples / overCrop.data.length,
  };
}

function alongZ({ shape, data }: NdArray<'bool'>): NdArray<'bool'> {
  const [, ...slice] = shape;
  const size = slice.reduce((product, length) => product * length, 1);
  const seen = new Uint8Array(size);
  data.forEach((value, i) => {
    if (value === 1) seen[i % size] = 1;
  });
  return new NdArray('bool', slice, seen);
}
