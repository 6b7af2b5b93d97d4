import { at } from '@clip-lung/tensor';

import type { Shape } from './shape.js';
import { surfaceRadius } from './shape.js';
import type { Vec3 } from './vector.js';
import { boxAround, type Volume } from './volume.js';

/** The voxels of a nodule on one slice, in a box of the slice. */
export interface SliceMask {
  /** index of the slice, 0 the lowest */
  readonly slice: number;
  /** column and row of the box's first voxel */
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  /** 1 inside, 0 outside, row-major [rows, columns] */
  readonly inside: Uint8Array;
}

/**
 * The voxels whose centres lie within a nodule's surface, spicules apart, moved outwards by `offset` mm: what a reader
 * takes for the nodule. Slices without a voxel are left out, enclosed holes are filled, and on each slice the largest
 * connected part is kept.
 */
export function bodyMask(
  volume: Volume,
  center: Vec3,
  shape: Shape,
  offset: number,
): readonly SliceMask[] {
  const { spacing } = volume;
  const half = shape.reach + Math.max(0, offset);
  const [low, high] = boxAround(volume, center, [half, half, half]);
  const columns = high[0] - low[0] + 1;
  const rows = high[1] - low[1] + 1;
  const masks: SliceMask[] = [];
  for (let slice = low[2]; slice <= high[2]; slice++) {
    const inside = new Uint8Array(columns * rows);
    const z = slice * spacing[2] - center[2];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const x = (low[0] + i) * spacing[0] - center[0];
        const y = (low[1] + j) * spacing[1] - center[1];
        const away = Math.max(Math.sqrt(x * x + y * y + z * z), 1e-6);
        const surface = surfaceRadius(shape, x / away, y / away, z / away);
        if (away <= surface + offset) inside[j * columns + i] = 1;
      }
    }
    const whole = wholePart(inside, columns, rows);
    if (whole !== undefined) {
      masks.push({
        slice,
        left: low[0],
        top: low[1],
        columns,
        rows,
        inside: whole,
      });
    }
  }
  return masks;
}

/**
 * The largest 4-connected part of an image of zeros and ones, its holes filled: what one closed contour can enclose.
 *
 * @param inside row-major [rows, columns]
 * @returns an image of the same size, or undefined for one without ones
 */
export function wholePart(
  inside: Uint8Array,
  columns: number,
  rows: number,
): Uint8Array | undefined {
  const part = largestPart(inside, columns, rows);
  return part && fillHoles(part, columns, rows);
}

/** Numbers the 4-connected parts of the pixels equal to `value`. @returns the part of each pixel from 1, 0 elsewhere, and their sizes */
function parts(
  image: Uint8Array,
  columns: number,
  rows: number,
  value: 0 | 1,
): { readonly part: Int32Array; readonly sizes: readonly number[] } {
  const part = new Int32Array(image.length);
  const sizes: number[] = [];
  for (let seed = 0; seed < image.length; seed++) {
    if (image[seed] !== value || part[seed] !== 0) continue;
    const id = sizes.length + 1;
    const stack = [seed];
    part[seed] = id;
    let count = 0;
    for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
      count++;
      const x = pixel % columns;
      const neighbours = [
        x > 0 ? pixel - 1 : -1,
        x < columns - 1 ? pixel + 1 : -1,
        pixel - columns,
        pixel + columns < columns * rows ? pixel + columns : -1,
      ];
      for (const next of neighbours) {
        if (next >= 0 && image[next] === value && part[next] === 0) {
          part[next] = id;
          stack.push(next);
        }
      }
    }
    sizes.push(count);
  }
  return { part, sizes };
}

function largestPart(
  inside: Uint8Array,
  columns: number,
  rows: number,
): Uint8Array | undefined {
  const { part, sizes } = parts(inside, columns, rows, 1);
  if (sizes.length === 0) return undefined;
  const largest = sizes.indexOf(Math.max(...sizes)) + 1;
  return inside.map((_, i) => (part[i] === largest ? 1 : 0));
}

/** Sets what no path of outside pixels joins with the box's edge. */
function fillHoles(
  inside: Uint8Array,
  columns: number,
  rows: number,
): Uint8Array {
  const { part } = parts(inside, columns, rows, 0);
  const open = new Set<number>();
  for (let i = 0; i < inside.length; i++) {
    const x = i % columns;
    const y = Math.floor(i / columns);
    if (x === 0 || y === 0 || x === columns - 1 || y === rows - 1) {
      open.add(at(part, i));
    }
  }
  return inside.map((value, i) =>
    value === 1 || !open.has(at(part, i)) ? 1 : 0,
  );
}
