import { at } from '@clip-lung/tensor';

import type { SliceHeader } from '../dicom/header.js';
import {
  indexOfPosition,
  leastDistance,
  median,
  type SlicePositions,
} from './positions.js';

/** [x, y, z] in mm, in DICOM's patient coordinates: to the left, to the back, to the head. */
export type Vector = readonly [x: number, y: number, z: number];

/** How the voxels of a volume lie in the patient. */
export interface Frame {
  /** direction of rising columns */
  readonly column: Vector;
  /** direction of rising rows */
  readonly row: Vector;
  /** column × row: the direction in which slices are counted */
  readonly normal: Vector;
  /** distance of neighbouring columns, mm */
  readonly columnSpacing: number;
  /** distance of neighbouring rows, mm */
  readonly rowSpacing: number;
}

/** The slices of a volume, and where each of them lies. */
export interface Placement extends SlicePositions {
  readonly frame: Frame;
  /** in the order of their positions */
  readonly slices: readonly Pick<SliceHeader, 'position' | 'file'>[];
}

/** A slice and its position along the normal, mm. */
export type Placed = readonly [position: number, slice: SliceHeader];

type Refuse = (problem: string) => never;

/** Slices of a gantry tilted by more than half a degree are refused: cos 0.5° and tan 0.5°. */
const leastCosine = Math.cos(Math.PI / 360);
const mostShear = Math.tan(Math.PI / 360);
/** As a part of a pixel: how far a slice may lie beside the line through the positions of its series. */
const mostJitter = 0.1;

/**
 * The frame of an axial slice. Annotations name slices by z alone, so the normal has to be the patient's z axis.
 *
 * @see DICOM PS3.3 §C.7.6.2 (image plane)
 */
export function axialFrame(slice: SliceHeader, refuse: Refuse): Frame {
  const { orientation, pixelSpacing, file } = slice;
  if (orientation === null) {
    return refuse(`${file} has no Image Orientation (Patient)`);
  }
  if (pixelSpacing === null) return refuse(`${file} has no Pixel Spacing`);
  const [xx = NaN, xy = NaN, xz = NaN, yx = NaN, yy = NaN, yz = NaN] =
    orientation;
  const [rowSpacing = NaN, columnSpacing = NaN] = pixelSpacing;
  const column: Vector = [xx, xy, xz];
  const row: Vector = [yx, yy, yz];
  const normal = cross(column, row);
  const unit = [column, row, normal].every(
    (vector) => Math.abs(Math.hypot(...vector) - 1) < 1e-3,
  );
  if (!unit || !(rowSpacing > 0 && columnSpacing > 0)) {
    refuse(
      `${file} has the impossible orientation ${orientation.join(' ')} or pixel spacing ${pixelSpacing.join(' × ')} mm`,
    );
  }
  if (Math.abs(normal[2]) < leastCosine) {
    refuse(
      `${file} is not axial: the normal of the slice is ${normal.map((part) => part.toFixed(4)).join(' ')}. A tilted gantry is not supported`,
    );
  }
  return {
    column,
    row,
    normal,
    columnSpacing,
    rowSpacing,
  };
}

/** The slices by position along the normal. */
export function stackOf(
  slices: readonly SliceHeader[],
  { normal }: Frame,
  refuse: Refuse,
): readonly Placed[] {
  return slices
    .map((slice) => [dot(firstVoxelOf(slice, refuse), normal), slice] as const)
    .sort(([a], [b]) => a - b);
}

/**
 * Refuses a stack whose slices lie on a line that leans by more than half a degree from their normal, as those of a tilted
 * gantry do, and one with a slice that lies beside this line by more than a tenth of a pixel. The line goes through the
 * middle of the positions, so that a single slice does not turn it.
 */
export function expectStraight(
  stack: readonly Placed[],
  { column, row, columnSpacing, rowSpacing }: Frame,
  refuse: Refuse,
): void {
  const [first] = stack;
  if (first === undefined) return;
  const start = firstVoxelOf(first[1], refuse);
  const offsets = stack.map(([position, slice]) => {
    const offset = subtract(firstVoxelOf(slice, refuse), start);
    return {
      ...{ position, file: slice.file },
      ...{ right: dot(offset, column), down: dot(offset, row) },
    };
  });
  const right = lineThrough(offsets.map((o) => [o.position, o.right]));
  const down = lineThrough(offsets.map((o) => [o.position, o.down]));
  const shear = Math.hypot(right.slope, down.slope);
  if (shear > mostShear) {
    refuse(
      `the gantry is tilted: its slices move sideways by ${shear.toFixed(3)} mm for each mm along their normal, which is ${degrees(shear)}°. This is not supported`,
    );
  }
  for (const offset of offsets) {
    const aside = offset.right - right.at(offset.position);
    const below = offset.down - down.at(offset.position);
    const pixels = Math.hypot(aside / columnSpacing, below / rowSpacing);
    if (pixels <= mostJitter) continue;
    refuse(
      `${offset.file} lies ${Math.hypot(aside, below).toFixed(2)} mm (${pixels.toFixed(2)} pixels) beside the line through the other slices; up to ${mostJitter} pixels are taken for rounding`,
    );
  }
}

/**
 * The line through most of the points: its slope is the median of those between points that are half of the list apart, its
 * height the median of what that leaves.
 */
function lineThrough(points: readonly (readonly [x: number, y: number])[]): {
  readonly slope: number;
  readonly at: (x: number) => number;
} {
  const half = points.length >> 1;
  const slopes = points.slice(0, points.length - half).flatMap(([x, y], k) => {
    const [x2, y2] = at(points, k + half);
    return x2 - x > leastDistance(0) ? [(y2 - y) / (x2 - x)] : [];
  });
  const slope = median(slopes);
  const height = median(points.map(([x, y]) => y - slope * x));
  return { slope, at: (x) => height + slope * x };
}

function degrees(slope: number): string {
  return ((Math.atan(slope) * 180) / Math.PI).toFixed(1);
}

/**
 * Voxel [column, row] at a position along the normal, mm, to patient coordinates, mm. Where slices lie a little beside each
 * other, the way between two of them is straight.
 */
export function patientPoint(
  volume: Placement,
  column: number,
  row: number,
  position: number,
): Vector {
  const { frame } = volume;
  const { origin, start, shiftAt } = startOf(volume);
  const [aside, below] = shiftAt(position);
  const right = column * frame.columnSpacing + aside;
  const down = row * frame.rowSpacing + below;
  const up = position - start;
  const at = (axis: 0 | 1 | 2): number =>
    origin[axis] +
    right * frame.column[axis] +
    down * frame.row[axis] +
    up * frame.normal[axis];
  return [at(0), at(1), at(2)];
}

/** Patient coordinates to [column, row, position along the normal in mm]: the inverse of {@link patientPoint}. */
export function volumePoint(volume: Placement, point: Vector): Vector {
  const { frame } = volume;
  const { origin, start, shiftAt } = startOf(volume);
  const offset = subtract(point, origin);
  const position = start + dot(offset, frame.normal);
  const [aside, below] = shiftAt(position);
  return [
    (dot(offset, frame.column) - aside) / frame.columnSpacing,
    (dot(offset, frame.row) - below) / frame.rowSpacing,
    position,
  ];
}

/** The first voxel of the first slice, its position along the normal, and how far others lie beside it, mm. */
function startOf(volume: Placement): {
  readonly origin: Vector;
  readonly start: number;
  readonly shiftAt: (
    position: number,
  ) => readonly [right: number, down: number];
} {
  const { frame, slices, positions } = volume;
  const first = at(slices, 0, 'slices');
  const start = at(positions, 0, 'slices');
  const origin = firstVoxelOf(first);
  const shiftOf = (k: number): readonly [number, number] => {
    const offset = subtract(firstVoxelOf(at(slices, k)), origin);
    return [dot(offset, frame.column), dot(offset, frame.row)];
  };
  return {
    origin,
    start,
    shiftAt: (position) => {
      const last = slices.length - 1;
      const index = Math.min(
        Math.max(indexOfPosition(volume, position), 0),
        last,
      );
      const low = Math.min(Math.floor(index), Math.max(last - 1, 0));
      const [right, down] = shiftOf(low);
      const [nextRight, nextDown] = shiftOf(Math.min(low + 1, last));
      const share = index - low;
      return [
        right + share * (nextRight - right),
        down + share * (nextDown - down),
      ];
    },
  };
}

function missing(problem: string): never {
  throw new RangeError(problem);
}

/** @param refuse called for a header without a position, of which no series is made */
export function firstVoxelOf(
  { position, file }: Pick<SliceHeader, 'position' | 'file'>,
  refuse: Refuse = missing,
): Vector {
  const [x, y, z] = position ?? [];
  if (x === undefined || y === undefined || z === undefined) {
    return refuse(`${file} has no Image Position (Patient)`);
  }
  return [x, y, z];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
}

function subtract(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
