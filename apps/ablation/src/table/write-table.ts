import { writeFileAtomic } from '@clip-lung/tensor/node';

import { gridPaths } from '../grid-record.js';
import { tableInCsv } from './csv.js';
import type { GridTable } from './grid-table.js';
import { tableInLatex } from './latex.js';
import { tableInMarkdown } from './markdown.js';

const formats = [
  ['md', tableInMarkdown],
  ['csv', tableInCsv],
  ['tex', tableInLatex],
] as const;

/**
 * Writes a grid's table into its folder: `table.md`, `table.csv`, `table.tex`; with `-by-texts` before the ending for that of the
 * texts.
 *
 * @returns the files
 */
export async function writeTable(
  folder: string,
  table: GridTable,
): Promise<readonly string[]> {
  const suffix = table.by === 'head' ? '' : `-by-${table.by}`;
  const files: string[] = [];
  for (const [extension, format] of formats) {
    const file = `${gridPaths(folder).table}${suffix}.${extension}`;
    await writeFileAtomic(file, format(table));
    files.push(file);
  }
  return files;
}
