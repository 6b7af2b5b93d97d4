import type { SliceHeader } from '../dicom/header.js';
import type { Series } from './series.js';

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

type Refuse = (problem: string) => never;

/** Slices of a gantry tilted by more than half a degree are refused: cos 0.5° and tan 0.5°. */
const leastCosine = Math.cos(Math.PI / 360);
const mostShear = Math.tan(Math.PI / 360);

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
  const [xx = 0, xy = 0, xz = 0, yx = 0, yy = 0, yz = 0] = orientation;
  const [rowSpacing = 0, columnSpacing = 0] = pixelSpacing;
  const column: Vector = [xx, xy, xz];
  const row: Vector = [yx, yy, yz];
  const normal = cross(column, row);
  const unit = [column, row, normal].every(
    (vector) => Math.abs(Math.hypot(...vector) - 1) < 1e-3,
  );
  if (!unit || rowSpacing <= 0 || columnSpacing <= 0) {
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

/** The slices by position along the normal, mm; refuses slices that are displaced sideways from one to the next. */
export function stackOf(
  slices: readonly SliceHeader[],
  frame: Frame,
  refuse: Refuse,
): (readonly [position: number, slice: SliceHeader])[] {
  const stack = slices
    .map((slice) => [dot(placeOf(slice, refuse), frame.normal), slice] as const)
    .sort(([a], [b]) => a - b);
  const [first] = stack;
  if (first === undefined) return [];
  const start = placeOf(first[1], refuse);
  for (const [position, slice] of stack) {
    const offset = subtract(placeOf(slice, refuse), start);
    const sideways = Math.hypot(
      dot(offset, frame.column),
      dot(offset, frame.row),
    );
    // A hundredth of a millimetre is how exactly positions are written.
    if (sideways > 0.01 + mostShear * (position - first[0])) {
      refuse(
        `the gantry is tilted: ${slice.file} lies ${sideways.toFixed(2)} mm beside ${first[1].file}, ${(position - first[0]).toFixed(2)} mm further on. This is not supported`,
      );
    }
  }
  return stack;
}

/** Voxel [column, row, slice index along the stack in mm] to patient coordinates, mm. */
export function patientPoint(
  series: Series,
  column: number,
  row: number,
  position: number,
): Vector {
  const { frame, slices, positions } = series;
  const [x = 0, y = 0, z = 0] = slices[0]?.position ?? [];
  const origin: Vector = [x, y, z];
  const right = column * frame.columnSpacing;
  const down = row * frame.rowSpacing;
  const up = position - (positions[0] ?? 0);
  const at = (axis: 0 | 1 | 2): number =>
    origin[axis] +
    right * frame.column[axis] +
    down * frame.row[axis] +
    up * frame.normal[axis];
  return [at(0), at(1), at(2)];
}

/** Patient coordinates to [column, row, position along the normal in mm]: the inverse of {@link patientPoint}. */
export function volumePoint(series: Series, point: Vector): Vector {
  const { frame, positions } = series;
  const offset = subtract(point, patientPoint(series, 0, 0, positions[0] ?? 0));
  return [
    dot(offset, frame.column) / frame.columnSpacing,
    dot(offset, frame.row) / frame.rowSpacing,
    (positions[0] ?? 0) + dot(offset, frame.normal),
  ];
}

function placeOf({ position, file }: SliceHeader, refuse: Refuse): Vector {
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
