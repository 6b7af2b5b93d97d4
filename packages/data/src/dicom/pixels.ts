import { airHu } from '@clip-lung/lidc';

import { DicomError, UnsupportedSyntaxError } from '../errors.js';
import type { SliceHeader } from './header.js';

/** A part of a slice: columns from `x0` to before `x1`, rows from `y0` to before `y1`. */
export interface PixelWindow {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/**
 * The bytes of an uncompressed file that hold the rows of a window of one of its images; where bytes are swapped in pairs, with
 * those that make the pairs whole.
 */
export function byteRangeOf(
  { file, syntax, format }: SliceHeader,
  { y0, y1 }: Pick<PixelWindow, 'y0' | 'y1'>,
  frame = 0,
): { readonly start: number; readonly end: number } {
  if (syntax.compressed) {
    throw new UnsupportedSyntaxError(
      file,
      syntax.uid,
      `has compressed pixels (${syntax.name}, transfer syntax ${syntax.uid}): read them with decodePixels`,
    );
  }
  const { offset, rows, columns, bitsAllocated, swapped } = format;
  const rowBytes = (columns * bitsAllocated) / 8;
  const start = (frame * rows + y0) * rowBytes;
  const end = (frame * rows + y1) * rowBytes;
  return swapped
    ? { start: offset + start - (start % 2), end: offset + end + (end % 2) }
    : { start: offset + start, end: offset + end };
}

/** @returns the bytes of the rows of a range in their order; as they are, unless they are swapped in pairs */
function unswapped(
  { format: { swapped, rows, columns } }: SliceHeader,
  range: Uint8Array,
  { y0, y1 }: Pick<PixelWindow, 'y0' | 'y1'>,
  frame = 0,
): Uint8Array {
  if (!swapped) return range;
  const from = ((frame * rows + y0) * columns) % 2;
  const right = new Uint8Array(range.length);
  range.forEach((byte, i) => {
    right[i ^ 1] = byte;
  });
  return right.subarray(from, from + (y1 - y0) * columns);
}

/** @throws {@link DicomError} when the file has no such image */
export function expectFrame(
  { file, format: { frames } }: SliceHeader,
  frame: number,
): void {
  if (Number.isInteger(frame) && frame >= 0 && frame < frames) return;
  throw new DicomError(file, `has ${frames} frames, and no frame ${frame}`);
}

/**
 * Reads the HU of a part of a slice. Padding pixels, which stand for no measurement and often hold an absurd value, become
 * {@link airHu}.
 *
 * @param rowBytes the bytes of {@link byteRangeOf} the window
 * @returns HU, [y1 − y0, x1 − x0], row-major
 * @throws `UnsupportedSyntaxError` for compressed pixels
 */
export function readWindow(
  header: SliceHeader,
  rowBytes: Uint8Array,
  window: PixelWindow,
): Float32Array {
  const rows = unswapped(header, rowBytes, window);
  return hounsfield(header, storedValues(header, rows, window));
}

const noPadding = [1, 0] as const;

/**
 * The HU of stored values, of any shape.
 *
 * @throws {@link DicomError} for a slice whose header does not tell what they are in HU
 */
export function hounsfield(
  { file, format: { rescale, padding } }: SliceHeader,
  stored: Int32Array,
): Float32Array {
  if (rescale.kind === 'unknown') throw new DicomError(file, rescale.reason);
  const { slope, intercept } = rescale;
  const [low, high] = padding === null ? noPadding : padding;
  const hu = new Float32Array(stored.length);
  stored.forEach((value, i) => {
    hu[i] = value >= low && value <= high ? airHu : slope * value + intercept;
  });
  return hu;
}

/**
 * Cuts a window out of an image.
 *
 * @param stored [rows, columns]
 * @returns [y1 − y0, x1 − x0]
 */
export function windowOf(
  stored: Int32Array,
  columns: number,
  { x0, x1, y0, y1 }: PixelWindow,
): Int32Array {
  const width = x1 - x0;
  const part = new Int32Array((y1 - y0) * width);
  for (let y = y0; y < y1; y++) {
    const row = y * columns;
    part.set(stored.subarray(row + x0, row + x1), (y - y0) * width);
  }
  return part;
}

/**
 * Reads the HU of one uncompressed image of a file; `decodePixels` reads compressed ones too.
 *
 * @param bytes the whole file, inflated if it was deflated
 * @param frame which image of the file, from 0
 * @returns HU, [rows, columns], row-major
 * @throws `UnsupportedSyntaxError` for compressed pixels
 */
export function readPixels(
  header: SliceHeader,
  bytes: Uint8Array,
  { frame = 0 }: { readonly frame?: number } = {},
): Float32Array {
  expectFrame(header, frame);
  const { rows, columns } = header.format;
  const { start, end } = byteRangeOf(header, { y0: 0, y1: rows }, frame);
  const whole = { x0: 0, x1: columns, y0: 0, y1: rows };
  const image = unswapped(header, bytes.subarray(start, end), whole, frame);
  return hounsfield(header, storedValues(header, image, whole));
}

/**
 * The stored values of rows, or of some of their columns: the `bitsStored` bits below and including `highBit`, sign-extended where the pixels
 * are signed. What other bits hold (overlays, in old files) is dropped.
 *
 * @param rowBytes whole rows
 * @returns [rows, x1 − x0]
 */
export function storedValues(
  { file, syntax, format }: SliceHeader,
  rowBytes: Uint8Array,
  { x0, x1 }: Pick<PixelWindow, 'x0' | 'x1'> = { x0: 0, x1: format.columns },
): Int32Array {
  const { columns, bitsAllocated, bitsStored, highBit, signed } = format;
  const width = bitsAllocated / 8;
  if (rowBytes.length % (width * columns) !== 0) {
    throw new DicomError(
      file,
      `is cut short: ${rowBytes.length} bytes are not whole rows of ${columns} columns`,
    );
  }
  const view = new DataView(
    rowBytes.buffer,
    rowBytes.byteOffset,
    rowBytes.byteLength,
  );
  // Shifting the highest stored bit to bit 31 and back drops the bits above and below, and extends the sign.
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  const rows = rowBytes.length / (width * columns);
  const values = new Int32Array(rows * (x1 - x0));
  let to = 0;
  for (let y = 0; y < rows; y++) {
    for (let i = y * columns + x0; i < y * columns + x1; i++) {
      const raw =
        width === 1
          ? view.getUint8(i)
          : view.getUint16(2 * i, syntax.littleEndian);
      const high = raw << up;
      values[to++] = signed ? high >> down : high >>> down;
    }
  }
  return values;
}

/** Values of which only the lowest `bits` count, as signed or unsigned numbers. */
export function signExtended(
  values: ArrayLike<number>,
  { bits, signed }: { readonly bits: number; readonly signed: boolean },
): Int32Array {
  const shift = 32 - bits;
  return Int32Array.from(values, (value) =>
    signed ? (value << shift) >> shift : (value << shift) >>> shift,
  );
}
