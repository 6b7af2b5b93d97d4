import { at } from '@clip-lung/tensor';

/** The contour points of one annotation in voxel indices: column₀ row₀ slice₀ column₁ …, [3 · points]. */
export type PointSet = Int32Array;

/** Annotations grouped into nodules. */
export interface Clustering {
  /** indices of annotations: each rising, the groups by their first */
  readonly clusters: readonly (readonly number[])[];
  /** the tolerance that the grouping holds at, in voxels */
  readonly tolerance: number;
  /** false where a group still has more than four members at the least tolerance */
  readonly resolved: boolean;
}

/** Four radiologists read each scan, so a nodule has at most as many annotations. */
const mostMembers = 4;
const factor = 0.9;
const leastTolerance = 0.1;

/**
 * Groups the annotations of a scan into nodules: annotations are linked when the least distance between their contour
 * points is at most the tolerance, and linked ones make a group. While a group has more than four members the tolerance
 * of the whole scan shrinks by a tenth; below 0.1 it stays as it is, and the scan is not `resolved`.
 *
 * @param tolerance the slice thickness in mm, taken as a number of voxels
 * @see pylidc, `Scan.cluster_annotations` (Hancock & Magnan 2016, doi 10.1117/1.JMI.3.4.044504)
 */
export function clusterAnnotations(
  points: readonly PointSet[],
  tolerance: number,
): Clustering {
  const links = linksWithin(points, tolerance);
  let held = tolerance;
  let clusters = components(points.length, links, held);
  while (clusters.some((members) => members.length > mostMembers)) {
    const next = held * factor;
    if (next < leastTolerance) {
      return { clusters, tolerance: held, resolved: false };
    }
    held = next;
    clusters = components(points.length, links, held);
  }
  return { clusters, tolerance: held, resolved: true };
}

interface Link {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

/** All pairs of annotations no further apart than the tolerance. */
function linksWithin(
  points: readonly PointSet[],
  tolerance: number,
): readonly Link[] {
  const boxes = points.map(boxOf);
  const grids = new Map<number, Grid>();
  const links: Link[] = [];
  for (let a = 0; a < points.length; a++) {
    for (let b = a + 1; b < points.length; b++) {
      if (!boxesWithin(at(boxes, a), at(boxes, b), tolerance)) continue;
      let grid = grids.get(a);
      if (grid === undefined) {
        grid = gridOf(at(points, a), tolerance);
        grids.set(a, grid);
      }
      const distance = leastDistance(grid, at(points, b), tolerance);
      if (distance <= tolerance) links.push({ a, b, distance });
    }
    grids.delete(a);
  }
  return links;
}

interface Box {
  readonly low: readonly [column: number, row: number, slice: number];
  readonly high: readonly [column: number, row: number, slice: number];
}

function boxOf(points: PointSet): Box {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (const [i, value] of points.entries()) {
    const axis = (i % 3) as 0 | 1 | 2;
    low[axis] = Math.min(low[axis], value);
    high[axis] = Math.max(high[axis], value);
  }
  return { low, high };
}

function boxesWithin(a: Box, b: Box, tolerance: number): boolean {
  return ([0, 1, 2] as const).every(
    (axis) =>
      a.low[axis] - b.high[axis] <= tolerance &&
      b.low[axis] - a.high[axis] <= tolerance,
  );
}

/** Points by the cell of a cubic grid whose cells are as wide as the tolerance: near points lie in neighbouring cells. */
interface Grid {
  readonly points: PointSet;
  readonly cell: number;
  readonly cells: ReadonlyMap<string, readonly number[]>;
}

function gridOf(points: PointSet, tolerance: number): Grid {
  const cell = Math.max(1, tolerance);
  const cells = new Map<string, number[]>();
  for (let i = 0; i < points.length; i += 3) {
    const key = cellKey(
      cellOf(points[i] as number, cell),
      cellOf(points[i + 1] as number, cell),
      cellOf(points[i + 2] as number, cell),
    );
    const list = cells.get(key);
    if (list) list.push(i);
    else cells.set(key, [i]);
  }
  return { points, cell, cells };
}

function cellOf(value: number, cell: number): number {
  return Math.floor(value / cell);
}

function cellKey(x: number, y: number, z: number): string {
  return `${x} ${y} ${z}`;
}

/** The least distance between the grid's points and others, or Infinity where it exceeds the tolerance. */
function leastDistance(
  grid: Grid,
  others: PointSet,
  tolerance: number,
): number {
  let least = Infinity;
  for (let i = 0; i < others.length; i += 3) {
    const x = others[i] as number;
    const y = others[i + 1] as number;
    const z = others[i + 2] as number;
    const cx = cellOf(x, grid.cell);
    const cy = cellOf(y, grid.cell);
    const cz = cellOf(z, grid.cell);
    for (let step = 0; step < 27; step++) {
      const near = grid.cells.get(
        cellKey(
          cx + (step % 3) - 1,
          cy + (Math.floor(step / 3) % 3) - 1,
          cz + Math.floor(step / 9) - 1,
        ),
      );
      if (near === undefined) continue;
      for (const j of near) {
        const dx = x - (grid.points[j] as number);
        const dy = y - (grid.points[j + 1] as number);
        const dz = z - (grid.points[j + 2] as number);
        least = Math.min(least, dx * dx + dy * dy + dz * dz);
      }
    }
    if (least === 0) return 0;
  }
  const distance = Math.sqrt(least);
  return distance <= tolerance ? distance : Infinity;
}

/** The connected components of the links that hold at a tolerance. */
function components(
  count: number,
  links: readonly Link[],
  tolerance: number,
): readonly (readonly number[])[] {
  const parents = Array.from({ length: count }, (_, i) => i);
  const rootOf = (item: number): number => {
    let root = item;
    for (let next = at(parents, root); next !== root; ) {
      root = next;
      next = at(parents, root);
    }
    return root;
  };
  for (const { a, b, distance } of links) {
    if (distance > tolerance) continue;
    const [p, q] = [rootOf(a), rootOf(b)];
    parents[Math.max(p, q)] = Math.min(p, q);
  }
  const groups = new Map<number, number[]>();
  for (let item = 0; item < count; item++) {
    const root = rootOf(item);
    const group = groups.get(root);
    if (group) group.push(item);
    else groups.set(root, [item]);
  }
  return [...groups.values()];
}
