import type { Clustering, PointSet } from '../src/nodules/cluster.js';
import type { Rectangle } from '../src/nodules/fill.js';

/** Straight from the definition: every pair of points, every tolerance. */
export function clusterByBruteForce(
  points: readonly PointSet[],
  start: number,
): Clustering {
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

/** What a closed ring of voxels encloses: the voxels that a flood from outside does not reach. */
export function enclosedByBruteForce(
  points: Int32Array,
  { x0, y0, width, height }: Rectangle,
): Uint8Array {
  // One voxel more on each side, for the flood to go round.
  const wide = width + 2;
  const state = new Uint8Array(wide * (height + 2)).fill(1);
  for (let i = 0; i < points.length; i += 2) {
    const x = (points[i] ?? 0) - x0 + 1;
    const y = (points[i + 1] ?? 0) - y0 + 1;
    state[y * wide + x] = 2;
  }
  const flood = [0];
  for (let at = flood.pop(); at !== undefined; at = flood.pop()) {
    if (state[at] !== 1) continue;
    state[at] = 0;
    const x = at % wide;
    if (x > 0) flood.push(at - 1);
    if (x < wide - 1) flood.push(at + 1);
    flood.push(at - wide, at + wide);
  }
  const found = new Uint8Array(width * height);
  for (let i = 0; i < found.length; i++) {
    const y = Math.floor(i / width) + 1;
    found[i] = state[y * wide + (i % width) + 1] ?? 0;
  }
  return found;
}
