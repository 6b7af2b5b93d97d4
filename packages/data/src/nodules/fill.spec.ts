import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { square } from '../../test/synthetic.js';
import { fillContour, rectangleAround } from './fill.js';

type Point = readonly [x: number, y: number];

/** By definition: on a side, or the turns of the polygon around the point. */
function bruteForce(points: readonly Point[], x: number, y: number): number {
  let turns = 0;
  for (const [i, [ax, ay]] of points.entries()) {
    const [bx, by] = points[(i + 1) % points.length] ?? [0, 0];
    const cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    const between = (x - ax) * (x - bx) + (y - ay) * (y - by) <= 0;
    if (cross === 0 && between) return 2;
    turns += Math.atan2(
      cross0(ax - x, ay - y, bx - x, by - y),
      (ax - x) * (bx - x) + (ay - y) * (by - y),
    );
  }
  return Math.round(turns / (2 * Math.PI)) === 0 ? 0 : 1;
}

const cross0 = (ax: number, ay: number, bx: number, by: number) =>
  ax * by - ay * bx;

function fill(points: readonly Point[]): number[][] {
  const flat = Int32Array.from(points.flat());
  const rectangle = rectangleAround([flat]);
  if (!rectangle) return [];
  const { width } = rectangle;
  const filled = [...fillContour(flat, rectangle)];
  return Array.from({ length: rectangle.height }, (_, y) =>
    filled.slice(y * width, (y + 1) * width),
  );
}

describe('fillContour', () => {
  it('fills the inside of a square, and leaves its outline out', () => {
    expect(fill(square(5, 7, 2))).toEqual([
      [2, 2, 2, 2],
      [2, 1, 1, 2],
      [2, 1, 1, 2],
      [2, 2, 2, 2],
    ]);
  });

  it('fills what is drawn twice, in either direction, or from a list of corners', () => {
    const inside = (points: readonly Point[]) =>
      fill(points)
        .flat()
        .filter((value) => value === 1).length;
    const points = square(0, 0, 3);
    expect(inside([...points, ...points])).toBe(9);
    expect(inside([...points].reverse())).toBe(9);
    expect(
      inside([
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
      ]),
    ).toBe(9);
    expect(
      inside([
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
        [0, 0],
      ]),
    ).toBe(9);
    // A spike out and back encloses nothing.
    expect(inside([...points, [0, 0], [-1, 0], [-2, 0], [-1, 0]])).toBe(9);
    expect(
      inside([
        [1, 1],
        [2, 2],
      ]),
    ).toBe(0);
  });

  it('agrees with the winding number, voxel by voxel, for any polygon', () => {
    const point = fc.tuple(
      fc.integer({ min: -6, max: 6 }),
      fc.integer({ min: -6, max: 6 }),
    );
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 2, maxLength: 12 }),
        (points) => {
          const [x0, y0] = [
            Math.min(...points.map(([x]) => x)),
            Math.min(...points.map(([, y]) => y)),
          ];
          const expected = fill(points).map((line, y) =>
            line.map((_, x) => bruteForce(points, x0 + x, y0 + y)),
          );
          expect(fill(points)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
