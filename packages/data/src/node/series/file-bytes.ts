import fs from 'node:fs';

/** Opens a file for some work that is done at once, and closes it. */
export function withFile<T>(path: string, work: (file: number) => T): T {
  const file = fs.openSync(path, 'r');
  try {
    return work(file);
  } finally {
    fs.closeSync(file);
  }
}

/** Fills a buffer from a place of the file on. @returns how many bytes there were */
export function readInto(
  file: number,
  buffer: Buffer,
  position: number,
): number {
  let read = 0;
  while (read < buffer.length) {
    const left = buffer.length - read;
    const count = fs.readSync(file, buffer, read, left, position + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}

/**
 * Memory to read into that is used again. A buffer of its own for every piece that is read would be free to go at once, but
 * stay until the collector comes by, and by then there are thousands.
 */
export class Scratch {
  #memory = Buffer.alloc(0);

  /** A buffer of this length, whose content and that of earlier ones is no longer to be relied on. */
  take(length: number): Buffer {
    if (this.#memory.length < length) {
      this.#memory = Buffer.allocUnsafeSlow(length);
    }
    return this.#memory.subarray(0, length);
  }

  /** A whole file. */
  readWhole(path: string): Buffer {
    return withFile(path, (file) => {
      const bytes = this.take(fs.fstatSync(file).size);
      return bytes.subarray(0, readInto(file, bytes, 0));
    });
  }
}
