import { at, type RandomStream } from '@clip-lung/tensor';

import { type Wall, wallDepth } from './background.js';
import { distance, type Vec3 } from './vector.js';

/** A ball that must find a place: a nodule's farthest surface point, and the half side of the cube it is cropped with. */
export interface Ball {
  readonly reach: number;
  readonly cropHalf: number;
  /** distance of the centre from the wall, for a nodule that touches it */
  readonly wallGap?: number | undefined;
}

/**
 * The least gap between two nodules' surfaces in mm. Readers' contours are linked into one nodule when they come within
 * one slice thickness counted in voxel indices, so thick slices need more.
 */
function leastGap(sliceThickness: number): number {
  return Math.max(9, 5 * sliceThickness);
}

/**
 * Finds places for all balls, or says that these tries found none. Whole crops inside the volume are tried first;
 * what always holds is that the ball is inside, clear of the wall or on it as it wants to be, and apart from the others.
 *
 * @param size of the volume in mm
 * @returns the centres in the balls' order, or undefined
 */
export function placeBalls(
  balls: readonly Ball[],
  size: Vec3,
  spacing: Vec3,
  wall: Wall,
  random: RandomStream,
): readonly Vec3[] | undefined {
  const tries = 300;
  const places: Vec3[] = [];
  for (const [index, { reach, cropHalf, wallGap }] of balls.entries()) {
    let found: Vec3 | undefined;
    for (let attempt = 0; attempt < tries && found === undefined; attempt++) {
      const half =
        attempt < tries / 2 ? Math.max(cropHalf, reach + 2) : reach + 2;
      const drawn = drawCenter(half + spacing[2], size, spacing[2], random);
      if (drawn === undefined) continue;
      const depth = wallDepth(wall, drawn[1], size[1]);
      const center: Vec3 =
        wallGap === undefined ? drawn : [depth + wallGap, drawn[1], drawn[2]];
      const free =
        (wallGap === undefined
          ? center[0] - reach - 3 > depth
          : center[0] > reach + 2 && center[0] + reach + 2 < size[0]) &&
        places.every(
          (other, i) =>
            distance(center, other) >
            reach + at(balls, i).reach + leastGap(spacing[2]),
        );
      if (free) found = center;
    }
    if (found === undefined) return undefined;
    places[index] = found;
  }
  return places;
}

/** A point at least `half` inside; near the middle of a slice, so that even a small nodule shows on one. */
function drawCenter(
  half: number,
  size: Vec3,
  thickness: number,
  random: RandomStream,
): Vec3 | undefined {
  if (size.some((length) => length <= 2 * half)) return undefined;
  const z = random.uniform(half, size[2] - half);
  return [
    random.uniform(half, size[0] - half),
    random.uniform(half, size[1] - half),
    (Math.round(z / thickness) + random.uniform(-0.25, 0.25)) * thickness,
  ];
}
