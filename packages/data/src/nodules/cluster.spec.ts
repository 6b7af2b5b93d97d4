import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { clusterByBruteForce } from '../../test/brute-force.js';
import { clusterAnnotations } from './cluster.js';

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
            clusterByBruteForce(points, tolerance),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
