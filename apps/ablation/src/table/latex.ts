import { visibleLine } from '@clip-lung/tensor';

import type { GridTable } from './grid-table.js';
import {
  cellsOfRow,
  headerOf,
  none,
  preambleOf,
  remarksOf,
  titleOf,
} from './table-text.js';

/** A grid's table for LaTeX with the package booktabs, a `tabular` a section. */
export function tableInLatex(table: GridTable): string {
  const header = headerOf(table);
  const columns = header
    .map((_name, i) => (i < table.axes.length ? 'l' : 'r'))
    .join('');
  const line = (cells: readonly string[]): string =>
    `${cells.map(escape).join(' & ')} \\\\`;
  const sections = table.sections.map((section) =>
    section.nodules === 0
      ? `% ${visibleLine(titleOf(section))}`
      : [
          `% ${visibleLine(titleOf(section))}`,
          `\\begin{tabular}{${columns}}`,
          '\\toprule',
          line(header),
          '\\midrule',
          ...section.rows.map((row) => line(cellsOfRow(table, row))),
          '\\bottomrule',
          '\\end{tabular}',
        ].join('\n'),
  );
  const comments = [
    'needs \\usepackage{booktabs}',
    ...preambleOf(table),
    ...remarksOf(table),
  ].map((text) => `% ${visibleLine(text)}`);
  return `${comments.join('\n')}\n\n${sections.join('\n\n')}\n`;
}

const named: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '−': '$-$',
  Δ: '$\\Delta$',
  [none]: '--',
};

function escape(text: string): string {
  return visibleLine(text).replace(
    /[\\~^±−Δ–&%$#_{}]/g,
    (found) => named[found] ?? `\\${found}`,
  );
}
