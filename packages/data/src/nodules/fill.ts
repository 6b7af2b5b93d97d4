import { at } from '@clip-lung/tensor';

/** A rectangle of voxels of a slice. */
export interface Rectangle {
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
}

/** The smallest rectangle around points x₀ y₀ x₁ y₁ …; undefined for none. */
export function rectangleAround(
  lists: Iterable<Int32Array>,
): Rectangle | undefined {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of lists) {
    for (let i = 0; i < points.length; i += 2) {
      const x = at(points, i);
      const y = at(points, i + 1);
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
  }
  if (x0 > x1) return undefined;
  return { x0, y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
}

/**
 * What a contour encloses: 1 for voxels strictly inside the closed polygon through its points, 2 for voxels that the
 * polygon runs through, 0 outside. Inside is where the polygon winds around the voxel (non-zero rule), so a contour that
 * is drawn twice, crosses itself or runs back along a spike encloses what it seems to. An open contour is closed by a
 * straight line.
 *
 * @param points x₀ y₀ x₁ y₁ …, within the rectangle
 * @returns [height, width], row-major
 */
export function fillContour(
  points: Int32Array,
  { x0, y0, width, height }: Rectangle,
): Uint8Array {
  // turns[y][x] is by how much the winding number changes from voxel x − 1 to voxel x of row y.
  const turns = new Int32Array(height * (width + 1));
  const edge = new Uint8Array(width * height);
  const count = points.length / 2;
  for (let i = 0; i < count; i++) {
    const next = (i + 1) % count;
    const ax = at(points, 2 * i) - x0;
    const ay = at(points, 2 * i + 1) - y0;
    const bx = at(points, 2 * next) - x0;
    const by = at(points, 2 * next + 1) - y0;
    markEdge(edge, width, ax, ay, bx, by);
    // A side holds its upper end and not its lower one, so a corner between two sides counts once.
    const direction = ay < by ? 1 : -1;
    for (let y = Math.min(ay, by); y < Math.max(ay, by); y++) {
      const crossing = ax + ((y - ay) * (bx - ax)) / (by - ay);
      const turn = y * (width + 1) + Math.floor(crossing) + 1;
      turns[turn] = (turns[turn] as number) + direction;
    }
  }
  const filled = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    let winding = 0;
    for (let x = 0; x < width; x++) {
      winding += turns[y * (width + 1) + x] as number;
      const voxel = y * width + x;
      filled[voxel] = edge[voxel] === 1 ? 2 : winding !== 0 ? 1 : 0;
    }
  }
  return filled;
}

/** Marks the voxels whose centres lie on the line from a to b: exact, as all are whole numbers. */
function markEdge(
  edge: Uint8Array,
  width: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  const steps = Math.max(
    1,
    commonDivisor(Math.abs(bx - ax), Math.abs(by - ay)),
  );
  for (let step = 0; step < steps; step++) {
    const x = ax + (step * (bx - ax)) / steps;
    const y = ay + (step * (by - ay)) / steps;
    edge[y * width + x] = 1;
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
