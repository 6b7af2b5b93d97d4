import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';

import { isMissing, readFileUpTo } from '@clip-lung/tensor/node';

import { DatasetError, InputError } from '../../../errors.js';
import { limits } from '../../../limits.js';
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

/**
 * Reads a file of a folder of crops as text.
 *
 * @throws {@link DatasetError} with the line, for what is not UTF-8: put in place of its letters, a sign of doubt would make one
 *   name of several
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readFileUpTo(file, limits.tableBytes);
  const begin = bytes.subarray(0, 2).toString('hex');
  const save = `save it as UTF-8${file.endsWith('.csv') ? '; spreadsheets call that "CSV UTF-8"' : ''}`;
  if (begin === 'fffe' || begin === 'feff') {
    throw new DatasetError(file, `is text in UTF-16; ${save}`);
  }
  if (begin === Buffer.from('PK').toString('hex')) {
    throw new DatasetError(
      file,
      `is a spreadsheet, or another zip file, under the name ${basename(file)}; ${save}`,
    );
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let line = 1, from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(from, to));
    } catch (error) {
      throw new DatasetError(`${file}:${line}`, `is not UTF-8; ${save}`, {
        cause: error,
      });
    }
    from = to;
  }
  return bytes.toString('utf8');
}
