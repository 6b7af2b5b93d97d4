import { open, type FileHandle } from 'node:fs/promises';

import { FileFormatError } from '../error.js';
import { FileReadError } from './file-read-error.js';

/**
 * Reads a whole file of at most so many bytes. A larger one is refused before memory is taken for it; one that does not tell
 * its size, such as a pipe, as soon as it is over.
 *
 * @throws `FileFormatError` for a larger file; {@link FileReadError} where the system refuses
 */
export async function readFileUpTo(
  path: string,
  most: number,
): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      return await contentOf(file, path, most);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileReadError(path, error);
  }
}

async function contentOf(
  file: FileHandle,
  path: string,
  most: number,
): Promise<Buffer> {
  const found = await file.stat();
  const refuse = (bytes: string): never => {
    throw new FileFormatError(
      path,
      `has ${bytes} bytes, expected at most ${most}`,
    );
  };
  if (found.isFile()) {
    if (found.size > most) refuse(String(found.size));
    return file.readFile();
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of file.createReadStream({ autoClose: false })) {
    size += (part as Buffer).length;
    if (size > most) refuse('endless, or at least ' + String(size));
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts, size);
}
