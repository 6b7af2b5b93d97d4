import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { FileWriteError } from '@clip-lung/tensor/node';

import { InputError } from '../../errors.js';
import { readInto, type Scratch, withFile } from '../series/file-bytes.js';

/** Of the digest, and so what has to be even for the content to be. */
const digestBytes = 32;

/**
 * Writes a file that a later run may go on from. It starts with a digest of the rest, by which one that was not written
 * whole, or was lost in part with the power, is told: so nothing has to wait for the disk.
 *
 * @throws `FileWriteError` where the system refuses
 */
export function writePartialFile(
  path: string,
  parts: readonly Uint8Array[],
): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = openSync(temporary, 'wx');
    try {
      for (const part of [digestOf(parts), ...parts]) writeAll(file, part);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    throw new FileWriteError(path, error);
  }
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

/** Where something is kept: what stays in memory of it. */
export interface KeptPiece {
  readonly file: KeptFile;
  /** bytes of the content from where on, and how many */
  readonly start: number;
  readonly length: number;
}

/** A file of a folder: an object, so that what a thread says of many pieces names their file once. */
interface KeptFile {
  readonly name: string;
}

/** Pieces that are kept in one file, one after the other. */
export class Pieces {
  readonly #file: KeptFile;
  readonly #contents: Uint8Array[] = [];
  #end = 0;

  /** @param name of the file */
  constructor(name: string) {
    this.#file = { name };
  }

  /** @returns where it will be */
  add(content: Uint8Array): KeptPiece {
    const { length } = content;
    this.#contents.push(content);
    this.#end += length;
    return { file: this.#file, start: this.#end - length, length };
  }

  /** @param rest what the file has behind the pieces */
  write(folder: string, rest: readonly Uint8Array[] = []): void {
    const path = join(folder, this.#file.name);
    writePartialFile(path, [...this.#contents, ...rest]);
  }
}

/**
 * A piece of a file that this run has written, or has found to be whole.
 *
 * @param parse makes of the bytes what they stand for
 * @throws {@link InputError} where the file is gone, or no longer what it was
 */
export function readPiece<T>(
  folder: string,
  { file: { name }, start, length }: KeptPiece,
  parse: (bytes: Buffer) => T,
): T {
  const path = join(folder, name);
  try {
    const bytes = Buffer.allocUnsafeSlow(length);
    const read = withFile(path, (file) =>
      readInto(file, bytes, digestBytes + start),
    );
    if (read < length) throw new RangeError(`${read} of ${length} bytes`);
    return parse(bytes);
  } catch (error) {
    throw new InputError(
      `${path}: was removed or changed while the dataset was being prepared (${String(error)}); leave the folder alone, and prepare again`,
      { cause: error },
    );
  }
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
