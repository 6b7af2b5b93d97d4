import { basename } from 'node:path';

import { readFileUpTo } from '@clip-lung/tensor/node';

import { DatasetError } from '../../errors.js';
import { limits } from '../../limits.js';
import { readTable, type TableRow } from './table.js';

/**
 * Reads a CSV file with a header, in UTF-8, with commas between its values. Other columns than the expected ones may be there, in
 * any order.
 *
 * @throws {@link DatasetError} with the line, for a malformed file, or one that lacks a column; `FileReadError`
 */
export async function readTableFile<Column extends string>(
  file: string,
  columns: readonly Column[],
): Promise<readonly TableRow<Column>[]> {
  return readTable(await readText(file), file, columns);
}

/**
 * Reads a file that somebody wrote as text.
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
