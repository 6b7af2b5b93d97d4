import type { Elements } from './elements.js';
import type { PixelData } from './parse.js';
import type { TransferSyntax } from './transfer-syntax.js';

/** How a slice stores its pixels, and what they mean in HU. */
export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  /** images in the file; a volume is made of files of one */
  readonly frames: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  /** the highest of the stored bits */
  readonly highBit: number;
  readonly signed: boolean;
  /** HU = slope · stored value + intercept */
  readonly slope: number;
  readonly intercept: number;
  /** stored values, from the first to the second, that stand for no measurement */
  readonly padding: readonly [low: number, high: number] | null;
  /** byte of the (inflated) file at which the pixels start, or the items of compressed ones */
  readonly offset: number;
}

/** CT slices have at most 1024² voxels; this keeps a damaged header from asking for absurd memory. */
const largestSide = 16384;

/**
 * Reads the pixel format, and checks that the file holds exactly the pixels that it claims.
 *
 * @param refuse throws a `DicomError` for the file
 * @see DICOM PS3.3 §C.7.6.3 (image pixel) and §C.11.1 (modality LUT); PS3.5 §8.1.1
 */
export function pixelFormatOf(
  elements: Elements,
  syntax: TransferSyntax,
  pixelData: PixelData,
  fileSize: number,
  refuse: (problem: string) => never,
): PixelFormat {
  const required = (tag: string, name: string): number =>
    elements.required(elements.uint16(tag), name);
  const rows = required('x00280010', 'Rows');
  const columns = required('x00280011', 'Columns');
  const bitsAllocated = required('x00280100', 'Bits Allocated');
  const bitsStored = elements.uint16('x00280101') ?? bitsAllocated;
  const highBit = elements.uint16('x00280102') ?? bitsStored - 1;
  const signed = elements.uint16('x00280103') === 1;
  const samples = elements.uint16('x00280002') ?? 1;
  const frames = elements.number('x00280008', 'Number of Frames') ?? 1;

  if (Math.min(rows, columns) < 1 || Math.max(rows, columns) > largestSide) {
    refuse(`has ${rows} rows and ${columns} columns`);
  }
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    return refuse(`Bits Allocated is ${bitsAllocated}, expected 8 or 16`);
  }
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    refuse(
      `Bits Stored ${bitsStored} and High Bit ${highBit} do not fit into ${bitsAllocated} bits`,
    );
  }
  if (samples !== 1) {
    refuse(`has ${samples} samples a pixel, expected one: a grey image`);
  }
  if (!Number.isInteger(frames) || frames < 1) {
    refuse(`Number of Frames is ${frames}`);
  }
  if (!syntax.compressed) {
    const expected = (rows * columns * frames * bitsAllocated) / 8;
    const what = `${rows} rows × ${columns} columns${frames > 1 ? ` × ${frames} frames` : ''} of ${bitsAllocated} bits take ${expected} bytes`;
    expectWhole(expected, what, pixelData, fileSize, refuse);
  } else if (pixelData.length >= 0) {
    refuse(
      `has pixels of a fixed length in the transfer syntax ${syntax.uid} (${syntax.name}), which puts them into items`,
    );
  }
  return {
    rows,
    columns,
    frames,
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
    slope: elements.number('x00281053', 'Rescale Slope') ?? 1,
    intercept: elements.number('x00281052', 'Rescale Intercept') ?? 0,
    padding: paddingOf(elements, signed),
    offset: pixelData.offset,
  };
}

/** Pixel data has an even length, so a byte may follow the last pixel. */
function expectWhole(
  expected: number,
  what: string,
  { offset, length }: PixelData,
  fileSize: number,
  refuse: (problem: string) => never,
): void {
  if (length !== expected && length !== expected + (expected % 2)) {
    const found = length < 0 ? 'an unknown number of' : length;
    refuse(`${what}, the pixel data has ${found}`);
  }
  if (offset + expected > fileSize) {
    refuse(
      `is cut short: its pixels end at byte ${offset + expected}, the file at ${fileSize}`,
    );
  }
}

function paddingOf(
  elements: Elements,
  signed: boolean,
): readonly [number, number] | null {
  const read = (tag: string): number | null =>
    signed ? elements.int16(tag) : elements.uint16(tag);
  const value = read('x00280120');
  if (value === null) return null;
  const limit = read('x00280121') ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}
