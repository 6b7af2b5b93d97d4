import type { SliceMask } from './mask.js';

/** Steps right, down, left, up; rows grow downwards. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * The contour of a mask as LIDC readers draw it: closed (the first point comes again at the end), clockwise on the
 * screen, running through the first voxels outside the nodule, each at most one voxel (also diagonally) from the last.
 * The voxels strictly inside the polygon are exactly the mask's.
 *
 * Follows the cracks between inside and outside pixels with the inside to the right, and lists the outside pixel beside
 * each crack. Tracing the border of the dilated mask instead would cut across narrow notches.
 *
 * @param mask one 4-connected part without holes
 * @returns x₀ y₀ x₁ y₁ …, columns and rows of the whole slice, [2 · points]
 */
export function outerContour(mask: SliceMask): readonly number[] {
  const { left, top, columns, rows, inside } = mask;
  const at = (x: number, y: number): boolean =>
    x >= 0 &&
    y >= 0 &&
    x < columns &&
    y < rows &&
    inside[y * columns + x] === 1;
  // The first inside pixel in reading order has an outside pixel above it: start along its upper crack.
  const first = inside.indexOf(1);
  const start = { x: first % columns, y: Math.floor(first / columns) };
  let { x, y } = start;
  let heading = 0;
  const points: number[] = [];
  do {
    // The outside pixel lies to the left of the heading.
    const [dx, dy] = steps[(heading + 3) % 4] as (typeof steps)[number];
    const outsideX = left + x + dx;
    const outsideY = top + y + dy;
    if (points.at(-2) !== outsideX || points.at(-1) !== outsideY) {
      points.push(outsideX, outsideY);
    }
    const [ahead, down] = steps[heading] as (typeof steps)[number];
    if (!at(x + ahead, y + down)) {
      heading = (heading + 1) % 4;
    } else if (at(x + ahead + dx, y + down + dy)) {
      x += ahead + dx;
      y += down + dy;
      heading = (heading + 3) % 4;
    } else {
      x += ahead;
      y += down;
    }
  } while (x !== start.x || y !== start.y || heading !== 0);
  if (points.at(-2) !== points[0] || points.at(-1) !== points[1]) {
    points.push(points[0] as number, points[1] as number);
  }
  return points;
}
