import { fillContour, rectangleAround } from '@clip-lung/data';
import { at } from '@clip-lung/tensor';

import {
  type Outlined,
  outlinedRegions,
  withNodule,
  withRegion,
} from './annotated.js';
import type { Changed, Draft, Quirk } from './quirk.js';

type Point = readonly [x: number, y: number];

/** A hole of one voxel and its contour inside a nodule that is wide enough for it. */
export const addHole: Quirk = (draft) =>
  first(outlinedRegions(draft), (outlined) => {
    const middle = innerPoint(outlined, 2);
    if (middle === undefined) return undefined;
    const { region } = outlined;
    const hole = { ...region, points: ringAround(middle), hole: true };
    return put(draft, outlined, [region, hole]);
  });

/** A second region of the nodule beside the first, on its slice. */
export const addRegion: Quirk = (draft) =>
  first(outlinedRegions(draft), (outlined) => {
    const { region } = outlined;
    const box = rectangleAround([Int32Array.from(region.points)]);
    const { columns } = at(draft.slices, 0);
    if (box === undefined || box.x0 + box.width + 3 >= columns) {
      return undefined;
    }
    // A voxel of lung is left between the two contours.
    const middle = [
      box.x0 + box.width + 2,
      box.y0 + Math.floor(box.height / 2),
    ] as const;
    const second = { ...region, points: ringAround(middle) };
    return put(draft, outlined, [region, second]);
  });

/** A region of one point inside the nodule. */
export const addPoint: Quirk = (draft) =>
  first(outlinedRegions(draft), (outlined) => {
    const middle = innerPoint(outlined, 0);
    if (middle === undefined) return undefined;
    const { region } = outlined;
    return put(draft, outlined, [region, { ...region, points: middle }]);
  });

/** A contour whose last points are missing, so that it does not come back to its first. */
export const openContour: Quirk = (draft) =>
  first(outlinedRegions(draft), (outlined) => {
    const { region } = outlined;
    for (let end = region.points.length - 2; end > 12; end -= 2) {
      const points = region.points.slice(0, end);
      if (step(points, end / 2 - 1, 0) > 1) {
        return put(draft, outlined, [{ ...region, points }]);
      }
    }
    return undefined;
  });

/** A contour that lacks a point on the way, so that it steps over a voxel. */
export const breakContour: Quirk = (draft) =>
  first(outlinedRegions(draft), (outlined) => {
    const { region } = outlined;
    const { points } = region;
    for (let i = 1; i < points.length / 2 - 1; i++) {
      if (step(points, i - 1, i + 1) <= 1) continue;
      const rest = points.filter((_, at) => Math.floor(at / 2) !== i);
      return put(draft, outlined, [{ ...region, points: rest }]);
    }
    return undefined;
  });

function put(
  draft: Draft,
  outlined: Outlined,
  regions: Parameters<typeof withRegion>[1],
): Changed {
  const nodule = withRegion(outlined, regions);
  return withNodule(draft, outlined, nodule, outlined.region.z);
}

/** The first result that there is. */
function first<T, R>(
  items: readonly T[],
  make: (item: T) => R | undefined,
): R | undefined {
  for (const item of items) {
    const made = make(item);
    if (made !== undefined) return made;
  }
  return undefined;
}

/** The closed contour around one voxel, clockwise. */
function ringAround([x, y]: Point): readonly number[] {
  const ring = [
    [-1, -1],
    [0, -1],
    [1, -1],
    [1, 0],
    [1, 1],
    [0, 1],
    [-1, 1],
    [-1, 0],
    [-1, -1],
  ] as const;
  return ring.flatMap(([dx, dy]) => [x + dx, y + dy]);
}

/** The first voxel, in reading order, that has `clear` voxels of the nodule on all sides. */
function innerPoint({ region }: Outlined, clear: number): Point | undefined {
  const points = Int32Array.from(region.points);
  const box = rectangleAround([points]);
  if (box === undefined) return undefined;
  const { width, height } = box;
  const filled = fillContour(points, box);
  for (let y = clear; y < height - clear; y++) {
    for (let x = clear; x < width - clear; x++) {
      let inside = true;
      for (let dy = -clear; dy <= clear; dy++) {
        for (let dx = -clear; dx <= clear; dx++) {
          inside &&= filled[(y + dy) * width + x + dx] === 1;
        }
      }
      if (inside) return [box.x0 + x, box.y0 + y];
    }
  }
  return undefined;
}

/** How far two points of a contour are apart along the axis on which they are further apart. */
function step(points: readonly number[], from: number, to: number): number {
  const along = (axis: 0 | 1): number =>
    Math.abs(at(points, 2 * to + axis) - at(points, 2 * from + axis));
  return Math.max(along(0), along(1));
}
