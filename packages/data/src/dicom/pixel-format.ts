import type { DataElement } from './data-set.js';
import { limits } from '../limits.js';
import type { Elements } from './elements.js';
import type { HeaderNote } from '../warning.js';
import { type Rescale, rescaleOf, type StoredBits } from './rescale.js';
import type { TransferSyntax } from './transfer-syntax.js';

/** How a slice stores its pixels, and what they mean in HU. */
export interface PixelFormat extends StoredBits {
  readonly rows: number;
  readonly columns: number;
  /** images in the file; a volume is made of files of one */
  readonly frames: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  /** the highest of the stored bits */
  readonly highBit: number;
  readonly signed: boolean;
  /** whether bytes are swapped in pairs: pixels of 8 bits in big-endian words (PS3.5 §8.1.1 and Annex D) */
  readonly swapped: boolean;
  readonly rescale: Rescale;
  /** stored values, from the first to the second, that stand for no measurement */
  readonly padding: readonly [low: number, high: number] | null;
  /** byte of the (inflated) file at which the pixels start, or the items of compressed ones */
  readonly offset: number;
}

/** What is told of while a header is read. */
export interface Listener {
  /** throws a `DicomError` for the file */
  readonly refuse: (problem: string) => never;
  readonly note: (note: HeaderNote) => void;
}

/**
 * Reads the pixel format, and checks that the file holds the pixels that it claims. What a CT image must say is read, not
 * filled in; two elements are missed where nothing else is possible: Samples per Pixel, with bytes for one sample, and High Bit,
 * which in a CT image is the highest of Bits Stored.
 *
 * @see DICOM PS3.3 §C.7.6.3 (image pixel) and §C.8.2.1 (CT image); PS3.5 §8.1.1
 */
export function pixelFormatOf(
  elements: Elements,
  syntax: TransferSyntax,
  pixelData: DataElement,
  fileSize: number,
  { refuse, note }: Listener,
): PixelFormat {
  const required = (tag: string, name: string): number =>
    elements.required(elements.uint16(tag, name), name);
  expectGrey(elements, refuse);
  const rows = required('x00280010', 'Rows');
  const columns = required('x00280011', 'Columns');
  const bitsAllocated = required('x00280100', 'Bits Allocated');
  const bitsStored = required('x00280101', 'Bits Stored');
  const representation = required('x00280103', 'Pixel Representation');
  const samples = elements.uint16('x00280002', 'Samples per Pixel');
  const foundHighBit = elements.uint16('x00280102', 'High Bit');
  const highBit = foundHighBit === null ? bitsStored - 1 : foundHighBit;
  const foundFrames = elements.number('x00280008', 'Number of Frames');
  const frames = foundFrames === null ? 1 : foundFrames;

  if (rows * columns < 1 || rows * columns > limits.pixels) {
    refuse(
      `has ${rows} rows and ${columns} columns, expected 1 to ${limits.pixels} pixels`,
    );
  }
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    return refuse(`Bits Allocated is ${bitsAllocated}, expected 8 or 16`);
  }
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    refuse(
      `Bits Stored ${bitsStored} and High Bit ${highBit} do not fit into ${bitsAllocated} bits`,
    );
  }
  if (representation > 1) {
    refuse(
      `Pixel Representation is ${representation}, expected 0 (unsigned) or 1 (signed)`,
    );
  }
  if (!Number.isInteger(frames) || frames < 1) {
    refuse(`Number of Frames is ${frames}`);
  }
  for (const [value, name, taken, code] of [
    [samples, 'Samples per Pixel', 'one', 'samples-missing'],
    [
      foundHighBit,
      'High Bit',
      `${highBit}, the highest of Bits Stored`,
      'high-bit-missing',
    ],
  ] as const) {
    if (value !== null) continue;
    const message = `has no ${name}; it is taken as ${taken}`;
    note({ code, message });
  }
  const size = (rows * columns * frames * bitsAllocated) / 8;
  const what = `${rows} rows × ${columns} columns${frames > 1 ? ` × ${frames} frames` : ''} of ${bitsAllocated} bits take ${size} bytes`;
  expectPixels({ size, what }, syntax, pixelData, fileSize, { refuse, note });
  const bits = { bitsStored, signed: representation === 1 };
  return {
    rows,
    columns,
    frames,
    bitsAllocated,
    highBit,
    ...bits,
    swapped:
      bitsAllocated === 8 && !syntax.littleEndian && pixelData.vr === 'OW',
    rescale: rescaleOf(elements, bits, note),
    padding: paddingOf(elements, bits),
    offset: pixelData.start,
  };
}

/** MONOCHROME1 is shown inverted, and means the same values. Without an interpretation, the samples have to tell. */
function expectGrey(
  elements: Elements,
  refuse: (problem: string) => never,
): void {
  const samples = elements.uint16('x00280002', 'Samples per Pixel');
  const interpretation = elements.text('x00280004');
  const grey =
    interpretation === null || /^MONOCHROME[12]$/i.test(interpretation);
  if (grey && (samples === null || samples === 1)) return;
  const told = [
    ...(samples === null ? [] : [`Samples per Pixel ${samples}`]),
    ...(interpretation === null
      ? []
      : [`Photometric Interpretation ${interpretation.slice(0, 40)}`]),
  ];
  refuse(
    `is a colour image (${told.join(', ')}), such as a screenshot or a fusion, and has no HU; expected a greyscale one`,
  );
}

/**
 * That as many bytes are there as the pixels take. More may follow (PS3.5 §8.1.1); but not as many as for a further image, as then
 * something else than padding does.
 */
function expectPixels(
  { size, what }: { readonly size: number; readonly what: string },
  { compressed, uid, name }: TransferSyntax,
  { start, length }: DataElement,
  fileSize: number,
  { refuse, note }: Listener,
): void {
  if (compressed) {
    if (length < 0) return;
    refuse(
      `has pixels of a fixed length in the transfer syntax ${uid} (${name}), which puts them into items`,
    );
  }
  if (length < 0) {
    refuse(
      `has compressed pixels, in items, but the transfer syntax ${uid} (${name}), which has none: nothing says how they are compressed`,
    );
  }
  const even = size + (size % 2);
  if (length < size) {
    refuse(`is cut short: ${what}, the pixel data has ${length}`);
  }
  if (length >= 2 * even && length % even === 0) {
    refuse(
      `${what}, the pixel data has ${length}, ${length / even} times as many: from more frames or samples than the header says`,
    );
  }
  if (start + size > fileSize) {
    refuse(
      `is cut short: its pixels end at byte ${start + size}, the file at ${fileSize}`,
    );
  }
  if (length > even) {
    const message = `${what}, the pixel data has ${length}; what follows the pixels is ignored`;
    note({ code: 'excess-padding', message });
  }
}

/**
 * Padding may be written as a number with a sign or without, and as wide as 16 bits where pixels are narrower: what is compared are
 * the bits that pixels have.
 */
function paddingOf(
  elements: Elements,
  { bitsStored, signed }: StoredBits,
): readonly [number, number] | null {
  const read = (tag: string, name: string): number | null => {
    const bits = elements.uint16(tag, name);
    if (bits === null) return null;
    const high = bits << (32 - bitsStored);
    return signed ? high >> (32 - bitsStored) : high >>> (32 - bitsStored);
  };
  const value = read('x00280120', 'Pixel Padding Value');
  if (value === null) return null;
  const limit = read('x00280121', 'Pixel Padding Range Limit');
  if (limit === null) return [value, value];
  return [Math.min(value, limit), Math.max(value, limit)];
}
