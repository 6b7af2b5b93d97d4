import { NdArray } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { type CubeOptions, cropVolume, type Volume } from './crop-volume.js';

describe('cropVolume', () => {
  it('gives what a volume that rises evenly has at the samples, whatever its spacing', () => {
    const centre = [11.25, 19.5, 17.8] as const;
    const spacing = [2.5, 0.7, 0.8] as const;
    const side = 12;
    const crop = cropVolume({ voxels: ramp(), spacing }, { centre, side });
    // Samples lie in the middles of 32 equal parts of the side.
    const at = (axis: number, i: number): number =>
      (centre[axis] ?? NaN) +
      (((i + 0.5) / 32 - 0.5) * side) / (spacing[axis] ?? NaN);
    for (const [z, y, x] of [
      [0, 0, 0],
      [31, 5, 17],
      [16, 31, 2],
      [7, 8, 31],
    ] as const) {
      const hu = 20 * at(0, z) + 3 * at(1, y) + 2 * at(2, x) - 900;
      // Held as float32 on the way, and rounded.
      expect(Math.abs((crop[(z * 32 + y) * 32 + x] ?? NaN) - hu)).toBeLessThan(
        0.501,
      );
    }
  });

  it('is air from a voxel beyond the volume on', () => {
    const crop = cropVolume(volume(), { centre: [0, 20, 18], side: 20 });
    const plane = 32 * 32;
    expect(new Set(crop.subarray(0, 14 * plane))).toEqual(new Set([-1000]));
    expect(Math.max(...crop.subarray(17 * plane))).toBeGreaterThan(-900);
  });

  it('has the same 32³ in the middle of a larger one', () => {
    const cube = { centre: [12, 20, 18], side: 10 } as const;
    const small = cropVolume(volume(), cube);
    const large = cropVolume(volume(), { ...cube, size: 36 });
    expect(large).toHaveLength(36 ** 3);
    for (const [z, y, x] of [
      [0, 0, 0],
      [31, 31, 31],
      [4, 20, 9],
    ] as const) {
      expect(large[((z + 2) * 36 + y + 2) * 36 + x + 2]).toBe(
        small[(z * 32 + y) * 32 + x],
      );
    }
  });

  it.each<readonly [string, Partial<Volume>, Partial<CubeOptions>, RegExp]>([
    [
      'an array that is not a volume',
      { voxels: new NdArray('int16', [2, 2], new Int16Array(4)) },
      {},
      /^a volume is \[2, 2\], expected \[slices, rows, columns\]$/,
    ],
    ['no side', {}, { side: 0 }, /^side is 0, expected millimetres above 0$/],
    [
      'a spacing that is not one',
      { spacing: [1, NaN, 1] },
      {},
      /^spacing is NaN/,
    ],
    [
      'no place',
      {},
      { centre: [1, NaN, 1] },
      /^centre is 1, NaN, 1, expected a voxel index/,
    ],
  ])('refuses %s', (_, change, other, message) => {
    const cube = { centre: [12, 20, 18], side: 10, ...other } as const;
    expect(() => cropVolume({ ...volume(), ...change }, cube)).toThrow(message);
  });
});

function volume(): Volume {
  return { voxels: ramp(), spacing: [1, 1, 1] };
}

/** HU 20 z + 3 y + 2 x − 900 at voxel z, y, x. */
function ramp(): NdArray {
  const [slices, rows, columns] = [24, 40, 36];
  const voxels = new Int16Array(slices * rows * columns);
  let to = 0;
  for (let z = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++)
        voxels[to++] = 20 * z + 3 * y + 2 * x - 900;
    }
  }
  return new NdArray('int16', [slices, rows, columns], voxels);
}
