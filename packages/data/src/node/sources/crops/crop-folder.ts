import { readdir } from 'node:fs/promises';

import { isMissing } from '@clip-lung/tensor/node';

import { InputError } from '../../../errors.js';
import { asDataset } from '../other-input.js';
import { cropFiles } from './crop-arrays.js';

const expected = `expected a folder with ${cropFiles.table}, and ${cropFiles.crops} or a .npy for each nodule`;

/**
 * The names in a folder of crops.
 *
 * @throws {@link InputError} for what is no such folder
 */
export async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    throw new InputError(
      `${folder}: ${
        code === 'ENOTDIR'
          ? 'is a file'
          : isMissing(error)
            ? 'there is no such folder'
            : `cannot be read (${error instanceof Error ? error.message : String(error)})`
      }; ${expected}`,
      { cause: error },
    );
  });
  const dataset = asDataset(names);
  if (dataset !== undefined) throw new InputError(`${folder}: ${dataset}`);
  if (!names.includes(cropFiles.table)) {
    throw new InputError(
      `${folder}: has no ${cropFiles.table}${likeIt(names)}; ${expected}`,
    );
  }
  return names;
}

/** What may be the table under another name. */
function likeIt(names: readonly string[]): string {
  const like = names.filter(
    (name) =>
      name.toLowerCase() === cropFiles.table ||
      /\.(csv|tsv|xlsx?|ods)$/i.test(name),
  );
  return like.length === 0 ? '' : `, and has ${like.slice(0, 3).join(', ')}`;
}
