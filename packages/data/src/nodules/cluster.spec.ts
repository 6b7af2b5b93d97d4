import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { clusterAnnotations, type PointSet } from './cluster.js';

/** Straight from the definition: every pair of points, every tolerance. */
function bruteForce(points: readonly PointSet[], start: number) {
  const distance = points.map((a) => points.map((b) => leastDistance(a, b)));
  const grouped = (tolerance: number) => {
    const groups: number[][] = [];
    for (let i = 0; i < points.length; i++) {
      const near = groups.filter((group) =>
        group.some((j) => (distance[i]?.[j] ?? Infinity) <= tolerance),
      );
      const joined = [...near.flat(), i].sort((a, b) => a - b);
      groups.splice(
        0,
        groups.length,
        ...groups.filter((group) => !near.includes(group)),
        joined,
      );
    }
    return groups.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  };
  let tolerance = start;
  for (;;) {
    const clusters = grouped(tolerance);
    if (clusters.every((group) => group.length <= 4))
      return { clusters, tolerance, resolved: true };
    if (tolerance * 0.9 < 0.1) return { clusters, tolerance, resolved: false };
    tolerance *= 0.9;
  }
}

function leastDistance(a: PointSet, b: PointSet): number {
  let least = Infinity;
  for (let i = 0; i < a.length; i += 3) {
    for (let j = 0; j < b.length; j += 3) {
      const at = (set: PointSet, k: number) => set[k] ?? 0;
      least = Math.min(
        least,
        Math.hypot(
          at(a, i) - at(b, j),
          at(a, i + 1) - at(b, j + 1),
          at(a, i + 2) - at(b, j + 2),
        ),
      );
    }
  }
  return least;
}

const at = (x: number, y = 0, z = 0) => Int32Array.of(x, y, z);

describe('clusterAnnotations', () => {
  it('links annotations within the tolerance, and what they are linked to', () => {
    const { clusters } = clusterAnnotations([at(0), at(9), at(3), at(6)], 3);
    expect(clusters).toEqual([[0, 1, 2, 3]]);
    expect(
      clusterAnnotations([at(0), at(9), at(3), at(6)], 2.9).clusters,
    ).toHaveLength(4);
  });

  it('shrinks the tolerance until no nodule has more than four annotations', () => {
    const chain = [at(0), at(1), at(2), at(3), at(6)];
    const { clusters, tolerance, resolved } = clusterAnnotations(chain, 3);
    expect(clusters).toEqual([[0, 1, 2, 3], [4]]);
    expect(tolerance).toBeCloseTo(3 * 0.9, 12);
    expect(resolved).toBe(true);
  });

  it('keeps what it has below a tolerance of 0.1, and says so', () => {
    const same = Array.from({ length: 5 }, () => at(1, 2, 3));
    const { clusters, tolerance, resolved } = clusterAnnotations(same, 2.5);
    expect(clusters).toEqual([[0, 1, 2, 3, 4]]);
    expect(resolved).toBe(false);
    expect(tolerance).toBeGreaterThanOrEqual(0.1);
    expect(tolerance * 0.9).toBeLessThan(0.1);
  });

  it('has no nodules without annotations', () => {
    expect(clusterAnnotations([], 1).clusters).toEqual([]);
  });

  it('agrees with brute force', () => {
    const coordinate = fc.integer({ min: -12, max: 12 });
    const annotation = fc
      .array(
        fc.tuple(coordinate, coordinate, fc.integer({ min: -3, max: 3 })),
        { minLength: 1, maxLength: 6 },
      )
      .map((points) => Int32Array.from(points.flat()));
    fc.assert(
      fc.property(
        fc.array(annotation, { maxLength: 14 }),
        fc.constantFrom(0.5, 0.9, 1, 1.25, 2.5, 3, 5),
        (points, tolerance) => {
          expect(clusterAnnotations(points, tolerance)).toEqual(
            bruteForce(points, tolerance),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
