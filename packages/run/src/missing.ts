import { readFile } from 'node:fs/promises';

import { MissingRunFileError } from './error.js';

/** Whether the file system says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

/** @throws {@link MissingRunFileError} with `explanation` when there is no such file */
export async function readRunFile(
  file: string,
  explanation: string,
): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new MissingRunFileError(file, explanation, { cause: error });
  }
}
