import fs from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { constants, gunzipSync, inflateRawSync } from 'node:zlib';

import {
  type DicomHeader,
  readHeader,
  type SliceHeader,
} from '../../dicom/header.js';
import { isDicom, parseElements } from '../../dicom/parse.js';
import { decodeStored } from '../../dicom/decode.js';
import { fileKind, isGzip } from '../../dicom/file-kind.js';
import {
  byteRangeOf,
  hounsfield,
  type PixelWindow,
  readWindow,
  windowOf,
} from '../../dicom/pixels.js';
import { DicomError } from '../../errors.js';
import { inflatedLimit, limits } from '../../limits.js';
import { readInto, Scratch, withFile } from './file-bytes.js';

/**
 * Inflates the raw deflate data of files in the deflated transfer syntax.
 *
 * @throws RangeError for data that inflates to more than a slice can have, before it does
 */
export function inflate(deflated: Uint8Array): Uint8Array {
  return withinLimit(deflated, (maxOutputLength) =>
    inflateRawSync(deflated, { maxOutputLength }),
  );
}

function withinLimit(
  deflated: Uint8Array,
  inflateTo: (most: number) => Buffer,
): Buffer {
  const most = inflatedLimit(deflated.length, limits.dicomBytes);
  try {
    return inflateTo(most);
  } catch (error) {
    const tooLarge =
      error instanceof Error &&
      'code' in error &&
      error.code === 'ERR_BUFFER_TOO_LARGE';
    if (!tooLarge) throw error;
    throw new RangeError(
      `its ${deflated.length} deflated bytes inflate to more than ${most}, too much for a slice`,
      { cause: error },
    );
  }
}

/**
 * Reads the header of a DICOM file: no more of the file than it takes.
 *
 * @param name how errors name the file
 * @returns undefined for a file that is not DICOM
 * @throws {@link DicomError} for a DICOM file that is cut short or malformed
 */
export function readHeaderOf(
  path: string,
  name: string,
): Promise<DicomHeader | undefined> {
  return new Promise((resolve) => {
    const { header } = withFile(path, (file) => headerOf(file, name));
    resolve(typeof header === 'string' ? undefined : header);
  });
}

/** A header, and what its file was then. */
export interface StampedHeader {
  /** or, of a file that is not DICOM, what it seems to be: `a PNG image` */
  readonly header: DicomHeader | string;
  readonly stamp: FileStamp;
}

/**
 * By what a later look at a file tells that it is the same: its size in bytes, and the times of the last changes of its content and of
 * its entry, ms. Whoever replaces a file can set the former of the two, and not the latter.
 */
export type FileStamp = readonly [
  size: number,
  changed: number,
  entryChanged: number,
];

export function stampOf({
  size,
  mtimeMs,
  ctimeMs,
}: Pick<fs.Stats, 'size' | 'mtimeMs' | 'ctimeMs'>): FileStamp {
  return [size, mtimeMs, ctimeMs];
}

/**
 * As {@link readHeaderOf}, at once, and into memory that the next call uses again: a quarter of a million headers are read.
 * What the header says of the image has to be read before that.
 */
export function readHeaderSync(path: string, name: string): StampedHeader {
  // Waiting for each of the four system calls would cost more than the calls do.
  return withFile(path, (file) => headerOf(file, name, headers));
}

/** LIDC-IDRI's headers have 3 to 8 KB. */
const firstChunk = 16 * 1024;
const headers = new Scratch();

/** @param scratch where to read the file to; by default into new memory */
function headerOf(
  file: number,
  name: string,
  scratch = new Scratch(),
): StampedHeader {
  const found = fs.fstatSync(file);
  const { size } = found;
  const stamp = stampOf(found);
  for (let length = firstChunk; ; length *= 4) {
    const wanted = Math.min(length, size, limits.dicomBytes);
    const buffer = scratch.take(wanted);
    const bytes = buffer.subarray(0, readInto(file, buffer, 0));
    if (isGzip(bytes))
      return { header: gzippedHeader(file, bytes, name), stamp };
    if (!isDicom(bytes)) return { header: fileKind(bytes), stamp };
    // A file that shrinks while it is read ends where it now ends.
    const fileSize = bytes.length < wanted ? bytes.length : size;
    const header = readHeader({ bytes, file: name, fileSize }, { inflate });
    if (header) return { header, stamp };
    expectWithinLimit(name, length);
  }
}

/** Of a gzipped file only the start is inflated, unless that is DICOM: it may be a volume of gigabytes. */
function gzippedHeader(
  file: number,
  start: Uint8Array,
  name: string,
): DicomHeader | string {
  let inside: Uint8Array;
  try {
    inside = gunzip(start, name, constants.Z_SYNC_FLUSH);
  } catch (error) {
    if (error instanceof DicomError) return 'damaged gzip data';
    throw error;
  }
  if (!isDicom(inside)) return `gzip data (of ${fileKind(inside)})`;
  const { size } = fs.fstatSync(file);
  expectWithinLimit(name, size);
  const whole = Buffer.alloc(size);
  const bytes = gunzip(whole.subarray(0, readInto(file, whole, 0)), name);
  const source = { bytes, file: name, fileSize: bytes.length, gzipped: true };
  const header = readHeader(source, { inflate });
  if (header) return header;
  throw new DicomError(name, 'is cut short: its header is incomplete');
}

/** @param finishFlush Z_SYNC_FLUSH for the start of a file, of which as much is inflated as there is */
function gunzip(
  bytes: Uint8Array,
  name: string,
  finishFlush = constants.Z_FINISH,
): Uint8Array {
  try {
    return withinLimit(bytes, (maxOutputLength) =>
      gunzipSync(bytes, { maxOutputLength, finishFlush }),
    );
  } catch (error) {
    throw new DicomError(
      name,
      `is gzipped, and damaged, cut short or too large: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** @throws {@link DicomError} for more bytes of a file than are read at once */
function expectWithinLimit(name: string, bytes: number): void {
  if (bytes <= limits.dicomBytes) return;
  throw new DicomError(
    name,
    `would have to be read beyond its first ${limits.dicomBytes / 2 ** 20} MB, too much for a slice`,
  );
}

/**
 * Reads the HU of a part of a slice: of its file, the rows that the part spans; a compressed file has to be read whole.
 *
 * @returns HU, [y1 − y0, x1 − x0], row-major
 * @throws {@link DicomError} when the file no longer holds what its header said
 */
export async function readWindowOf(
  path: string,
  header: SliceHeader,
  window: PixelWindow,
): Promise<Float32Array> {
  const { file, format, syntax } = header;
  if (format.frames !== 1) {
    throw new DicomError(
      file,
      `has ${format.frames} frames, expected one slice`,
    );
  }
  if (syntax.compressed) {
    const stored = await decodeStored(header, await wholeFile(path, header));
    return hounsfield(header, windowOf(stored, format.columns, window));
  }
  const { start, end } = byteRangeOf(header, window);
  const rows =
    syntax.deflated || header.gzipped
      ? inflatedRange(await wholeFile(path, header), header, start, end)
      : readRange(path, start, end);
  if (rows.length !== end - start) {
    throw new DicomError(
      file,
      `is cut short: ${rows.length} of ${end - start} bytes of pixels are there`,
    );
  }
  return readWindow(header, rows, window);
}

/** The bytes of a file, of a gzipped one those that it inflates to. */
async function wholeFile(
  path: string,
  { file, gzipped }: SliceHeader,
): Promise<Uint8Array> {
  expectWithinLimit(file, (await stat(path)).size);
  const bytes = await readFile(path);
  return gzipped ? gunzip(bytes, file) : bytes;
}

/** What lies from `start` to `end` of a deflated file once it is inflated; for that, all of it has to be read. */
function inflatedRange(
  bytes: Uint8Array,
  { file, syntax }: SliceHeader,
  start: number,
  end: number,
): Uint8Array {
  if (!syntax.deflated) return bytes.subarray(start, end);
  const source = { bytes, file, fileSize: bytes.length };
  const parsed = parseElements(source, { inflate });
  if (parsed) return parsed.bytes.subarray(start, end);
  throw new DicomError(file, 'is cut short: it can no longer be inflated');
}

/** The rows of a window, of which only the values are kept. */
const rowBytes = new Scratch();

function readRange(path: string, start: number, end: number): Uint8Array {
  const rows = rowBytes.take(end - start);
  return withFile(path, (file) =>
    rows.subarray(0, readInto(file, rows, start)),
  );
}
