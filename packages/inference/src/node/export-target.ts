import { lstat, open, realpath } from 'node:fs/promises';

import { FileReadError, isMissing } from '@clip-lung/tensor/node';

import { InferenceRequestError } from '../errors.js';

/** Where a model of ours says who made it: in the second field of its file. */
const headBytes = 64;
const producer = Buffer.from('\x12\x09clip-lung', 'latin1');

/**
 * Where to write a model to: where its name is a link, the file that it leads to. What is there already is replaced only if it is a
 * model that export wrote, or empty.
 *
 * @throws {@link InferenceRequestError} for anything else, `FileReadError` where the system refuses
 */
export async function exportTarget(out: string): Promise<string> {
  const found = await lstat(out).catch(absent);
  if (found === undefined) return out;
  const target = found.isSymbolicLink()
    ? await realpath(out).catch((error: unknown) => {
        throw new InferenceRequestError(
          `${out}: is a broken link; remove it, or choose another name`,
          { cause: error },
        );
      })
    : out;
  const start = await startOf(target);
  if (start.length === 0 || start.includes(producer)) return target;
  throw new InferenceRequestError(
    `${out}: already exists, and was not written by clip-lung export; choose another name, or remove it`,
  );
}

async function startOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes));
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new FileReadError(path, error);
  }
}

function absent(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
