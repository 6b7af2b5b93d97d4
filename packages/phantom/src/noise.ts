import { at, type RandomStream } from '@clip-lung/tensor';

import type { Scanner } from './scanner.js';
import type { Volume } from './volume.js';

/** Side of a noise tile in pixels, a power of two. */
const side = 256;

/**
 * Correlated noise of mean 0 and deviation 1 that tiles the plane, [256 · 256]. One tile serves many slices, each at an
 * offset of its own: drawing 10⁸ normal numbers would take longer than everything else.
 *
 * @param grain standard deviation in pixels of the Gauss kernel that correlates neighbours
 */
export function noiseTile(grain: number, random: RandomStream): Float32Array {
  const white = Float32Array.from({ length: side * side }, () =>
    random.normal(),
  );
  const reach = Math.ceil(3 * grain);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * grain ** 2)),
  );
  const tile = smooth(smooth(white, kernel, reach, 1), kernel, reach, side);
  let sum = 0;
  for (const value of tile) sum += value * value;
  const factor = 1 / Math.sqrt(sum / tile.length);
  return tile.map((value) => value * factor);
}

/** Adds a scanner's noise; slices are independent of each other, as reconstructed slices nearly are. */
export function addNoise(
  { size, voxels }: Volume,
  { noise }: Scanner,
  tiles: readonly Float32Array[],
  random: RandomStream,
): void {
  const [columns, rows, slices] = size;
  for (let k = 0; k < slices; k++) {
    const tile = at(tiles, random.integer(tiles.length));
    const left = random.integer(side);
    const top = random.integer(side);
    for (let j = 0; j < rows; j++) {
      const from = ((top + j) % side) * side;
      const to = (k * rows + j) * columns;
      for (let i = 0; i < columns; i++) {
        const value = tile[from + ((left + i) % side)] as number;
        voxels[to + i] = (voxels[to + i] as number) + noise * value;
      }
    }
  }
}

/** One pass of a separable filter along x (stride 1) or y (stride 256), around the edges. */
function smooth(
  image: Float32Array,
  kernel: readonly number[],
  reach: number,
  stride: number,
): Float32Array {
  return image.map((_, index) => {
    const along = Math.floor(index / stride) % side;
    const base = index - along * stride;
    let sum = 0;
    for (let tap = -reach; tap <= reach; tap++) {
      const place = (along + tap + side) % side;
      sum +=
        (kernel[tap + reach] as number) *
        (image[base + place * stride] as number);
    }
    return sum;
  });
}
