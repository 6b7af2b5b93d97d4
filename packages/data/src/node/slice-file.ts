import fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

import {
  type DicomHeader,
  readHeader,
  type SliceHeader,
} from '../dicom/header.js';
import { isDicom, parseElements } from '../dicom/parse.js';
import { decodeStored } from '../dicom/decode.js';
import {
  byteRangeOf,
  hounsfield,
  type PixelWindow,
  readWindow,
} from '../dicom/pixels.js';
import { DicomError } from '../errors.js';

const open = promisify(fs.open);
const close = promisify(fs.close);

/** LIDC-IDRI's headers have 3 to 8 KB. */
const firstChunk = 16 * 1024;
/** No CT slice has as much: a damaged or hostile file must not fill the memory. */
const mostInflated = 256 * 2 ** 20;

/** Inflates the raw deflate data of files in the deflated transfer syntax. */
export function inflate(deflated: Uint8Array): Uint8Array {
  return inflateRawSync(deflated, { maxOutputLength: mostInflated });
}

/**
 * Reads the header of a DICOM file: no more of the file than it takes.
 *
 * @param name how errors name the file
 * @returns undefined for a file that is no DICOM Part 10 file
 * @throws {@link DicomError} for a DICOM file that is cut short or malformed
 */
export function readHeaderOf(
  path: string,
  name: string,
): Promise<DicomHeader | undefined> {
  return new Promise((resolve) => {
    resolve(readHeaderSync(path, name));
  });
}

/** As {@link readHeaderOf}, at once. */
export function readHeaderSync(
  path: string,
  name: string,
): DicomHeader | undefined {
  // A quarter of a million headers are read. Waiting for each of their four system calls costs more than the calls do.
  const file = fs.openSync(path, 'r');
  try {
    const { size } = fs.fstatSync(file);
    for (let length = firstChunk; ; length *= 4) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(length, size));
      const bytes = buffer.subarray(0, readAll(file, buffer));
      if (!isDicom(bytes)) return undefined;
      // A file that shrinks while it is read ends where it now ends.
      const fileSize =
        bytes.length < Math.min(length, size) ? bytes.length : size;
      const header = readHeader({ bytes, file: name, fileSize }, { inflate });
      if (header) return header;
    }
  } finally {
    fs.closeSync(file);
  }
}

/** Fills the buffer from the start of the file. @returns how many bytes there were */
function readAll(file: number, buffer: Buffer): number {
  let read = 0;
  while (read < buffer.length) {
    const count = fs.readSync(file, buffer, read, buffer.length - read, read);
    if (count === 0) break;
    read += count;
  }
  return read;
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
    const stored = await decodeStored(header, await readFile(path));
    const rows = stored.subarray(window.y0 * format.columns);
    return hounsfield(format, rows, window);
  }
  const { start, end } = byteRangeOf(header, window);
  const rows = syntax.deflated
    ? inflatedRange(await readFile(path), header, start, end)
    : await readRange(path, start, end);
  if (rows.length !== end - start) {
    throw new DicomError(
      file,
      `is cut short: ${rows.length} of ${end - start} bytes of pixels are there`,
    );
  }
  return readWindow(header, rows, window);
}

/** What lies from `start` to `end` of a deflated file once it is inflated; for that, all of it has to be read. */
function inflatedRange(
  bytes: Uint8Array,
  { file }: SliceHeader,
  start: number,
  end: number,
): Uint8Array {
  const source = { bytes, file, fileSize: bytes.length };
  const parsed = parseElements(source, { inflate });
  return parsed?.bytes.subarray(start, end) ?? new Uint8Array();
}

async function readRange(
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    return await readBytes(file, start, end - start);
  } finally {
    await close(file);
  }
}

async function readBytes(
  file: number,
  position: number,
  length: number,
): Promise<Uint8Array> {
  // Every byte that is handed out was read: nothing has to be cleared first.
  const bytes = Buffer.allocUnsafeSlow(length);
  let read = 0;
  while (read < length) {
    const count = await readSome(file, bytes, read, position + read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}

function readSome(
  file: number,
  into: Buffer,
  offset: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { length } = into;
    fs.read(file, into, offset, length - offset, position, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
