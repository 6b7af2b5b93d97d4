import { at, visibleLine } from '@clip-lung/tensor';

/** A table's cell: text is set flush left, numbers (already formatted) flush right. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cells: readonly string[];
}

/** Lines of a plain-text table: columns two spaces apart, no trailing spaces, no colours. */
export function tableLines(columns: readonly Column[]): readonly string[] {
  const height = Math.max(0, ...columns.map(({ cells }) => cells.length));
  const padded = columns.map(({ title, align, cells }) => {
    // A class or a run may be called anything; what cannot be seen would shift the columns.
    const texts = [
      title,
      ...Array.from({ length: height }, (_cell, row) => at(cells, row)),
    ].map(visibleLine);
    const width = Math.max(...texts.map((text) => text.length));
    return texts.map((text) =>
      align === 'left' ? text.padEnd(width) : text.padStart(width),
    );
  });
  return Array.from({ length: height + 1 }, (_line, row) =>
    padded
      .map((texts) => at(texts, row))
      .join('  ')
      .trimEnd(),
  );
}

/** `61.3 %`: as wide for every fraction of a column that is set flush right. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
