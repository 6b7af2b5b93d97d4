import { createHash } from 'node:crypto';

import { decodeStored } from '../src/dicom/decode.js';
import type { SliceHeader } from '../src/dicom/header.js';
import { byteRangeOf, storedValues } from '../src/dicom/pixels.js';

/** SHA-256 of the stored values of all images of a file, as int32: what the reference script hashes. */
export async function storedHash(
  header: SliceHeader,
  bytes: Uint8Array,
): Promise<string> {
  const { rows, frames } = header.format;
  const hash = createHash('sha256');
  for (let frame = 0; frame < frames; frame++) {
    const stored = header.syntax.compressed
      ? await decodeStored(header, bytes, frame)
      : uncompressed(header, bytes, rows, frame);
    hash.update(new Uint8Array(stored.buffer));
  }
  return hash.digest('hex');
}

function uncompressed(
  header: SliceHeader,
  bytes: Uint8Array,
  rows: number,
  frame: number,
): Int32Array {
  const { start, end } = byteRangeOf(header, { y0: 0, y1: rows }, frame);
  return storedValues(header, bytes.subarray(start, end));
}
