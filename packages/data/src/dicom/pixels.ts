import { DicomError } from '../errors.js';
import type { SliceHeader } from './header.js';
import { expectUncompressed } from './transfer-syntax.js';

/** What stands for "no measurement" (pixel padding) and for everything outside of a volume: the HU of air. */
export const airHu = -1000;

/** A part of a slice: columns from `x0` to before `x1`, rows from `y0` to before `y1`. */
export interface PixelWindow {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** The bytes of the file that hold the rows of a window. */
export function byteRangeOf(
  { file, syntax, format }: SliceHeader,
  { y0, y1 }: Pick<PixelWindow, 'y0' | 'y1'>,
): { readonly start: number; readonly end: number } {
  expectUncompressed(syntax, file);
  const { offset, columns, frames, bitsAllocated } = format;
  if (frames !== 1) {
    throw new DicomError(file, `has ${frames} frames, expected one slice`);
  }
  if (offset === null) throw new DicomError(file, 'has no uncompressed pixels');
  const rowBytes = (columns * bitsAllocated) / 8;
  return { start: offset + y0 * rowBytes, end: offset + y1 * rowBytes };
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
  const { columns, slope, intercept, padding } = header.format;
  const { x0, x1, y0, y1 } = window;
  const stored = storedValues(header, rowBytes);
  const [low, high] = padding ?? [1, 0];
  const hu = new Float32Array((y1 - y0) * (x1 - x0));
  let to = 0;
  for (let y = 0; y < y1 - y0; y++) {
    for (let x = x0; x < x1; x++) {
      const value = stored[y * columns + x] ?? 0;
      hu[to++] =
        value >= low && value <= high ? airHu : slope * value + intercept;
    }
  }
  return hu;
}

/**
 * Reads the HU of a whole slice.
 *
 * @param bytes the whole file, inflated if it was deflated
 * @returns HU, [rows, columns], row-major
 */
export function readPixels(
  header: SliceHeader,
  bytes: Uint8Array,
): Float32Array {
  const { rows, columns } = header.format;
  const { start, end } = byteRangeOf(header, { y0: 0, y1: rows });
  const whole = { x0: 0, x1: columns, y0: 0, y1: rows };
  return readWindow(header, bytes.subarray(start, end), whole);
}

/**
 * The stored values of whole rows: the `bitsStored` bits below and including `highBit`, sign-extended where the pixels
 * are signed. What other bits hold (overlays, in old files) is dropped.
 */
export function storedValues(
  { file, syntax, format }: SliceHeader,
  rowBytes: Uint8Array,
): Int32Array {
  const { bitsAllocated, bitsStored, highBit, signed } = format;
  const width = bitsAllocated / 8;
  if (rowBytes.length % (width * format.columns) !== 0) {
    throw new DicomError(
      file,
      `is cut short: ${rowBytes.length} bytes are no whole rows of ${format.columns} columns`,
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
  const values = new Int32Array(rowBytes.length / width);
  for (let i = 0; i < values.length; i++) {
    const raw =
      width === 1
        ? view.getUint8(i)
        : view.getUint16(2 * i, syntax.littleEndian);
    const high = raw << up;
    values[i] = signed ? high >> down : high >>> down;
  }
  return values;
}
