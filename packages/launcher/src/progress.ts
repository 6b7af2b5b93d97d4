import { stat } from 'node:fs/promises';

import { fileDigest, FileReadError, isMissing } from '@clip-lung/tensor/node';

/**
 * How far a task has got, as its progress files show: equal texts for equal contents.
 *
 * @throws `FileReadError`
 */
export async function progressOf(files: readonly string[]): Promise<string> {
  const digests: string[] = [];
  for (const file of files) {
    try {
      await stat(file);
      digests.push(await fileDigest([file]));
    } catch (error) {
      if (!isMissing(error)) throw new FileReadError(file, error);
      digests.push('missing');
    }
  }
  return digests.join(' ');
}
