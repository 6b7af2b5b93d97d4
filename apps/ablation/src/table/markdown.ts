import { visibleLine } from '@clip-lung/tensor';

import type { GridTable } from './grid-table.js';
import {
  cellsOfRow,
  headerOf,
  preambleOf,
  remarksOf,
  titleOf,
} from './table-text.js';

/** A grid's table as Markdown, a heading a section. */
export function tableInMarkdown(table: GridTable): string {
  const header = headerOf(table);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(escape).join(' | ')} |`;
  const rule = header.map((_name, i) =>
    i < table.axes.length ? '---' : '---:',
  );
  const blocks = [
    ...preambleOf(table).map(escape),
    ...table.sections.flatMap((section) => [
      `## ${escape(titleOf(section))}`,
      ...(section.nodules === 0
        ? []
        : [
            [
              line(header),
              `| ${rule.join(' | ')} |`,
              ...section.rows.map((row) => line(cellsOfRow(table, row))),
            ].join('\n'),
          ]),
    ]),
    ...remarksOf(table).map((remark) => `- ${escape(remark)}`),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** Names are text: nothing in them ends a cell, or is a mark or a tag. */
function escape(text: string): string {
  return visibleLine(text).replace(/[\\|*_`<>[\]#]/g, String.raw`\$&`);
}
