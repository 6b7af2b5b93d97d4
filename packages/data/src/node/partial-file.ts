import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

import type { Scratch } from './file-bytes.js';

/** Of the digest, and so what has to be even for the content to be. */
const digestBytes = 32;

/**
 * Writes a file that a later run may go on from. It starts with a digest of the rest, by which one that was not written
 * whole, or was lost in part with the power, is told: so nothing has to wait for the disk.
 */
export function writePartialFile(
  path: string,
  parts: readonly Uint8Array[],
): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(temporary, 'wx');
  try {
    for (const part of [digestOf(parts), ...parts]) writeAll(file, part);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/**
 * What was written; undefined where there is no such file, or not a whole one.
 *
 * @param scratch memory that the content lies in, at an even place
 */
export function readPartialFile(
  path: string,
  scratch: Scratch,
): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = scratch.readWhole(path);
  } catch {
    return undefined;
  }
  const body = bytes.subarray(digestBytes);
  const whole = digestOf([body]).equals(bytes.subarray(0, digestBytes));
  return whole ? body : undefined;
}

/** A disk that is almost full may take a part. */
function writeAll(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written);
  }
}

function digestOf(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
