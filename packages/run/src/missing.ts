import { fileLimits } from '@clip-lung/tensor';
import { isMissing, readFileUpTo } from '@clip-lung/tensor/node';

import { MissingRunFileError } from './error.js';

/** @throws {@link MissingRunFileError} with `explanation` when there is no such file; `FileReadError` */
export async function readRunFile(
  file: string,
  explanation: string,
): Promise<Buffer> {
  try {
    return await readFileUpTo(file, fileLimits.wholeFileBytes);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new MissingRunFileError(file, explanation, { cause: error });
  }
}
