import { quotedInSpreadsheets, toSpreadsheetCell } from '@clip-lung/tensor';
import { stringify } from 'csv-stringify/sync';

import type { GridTable } from './grid-table.js';

/** A grid's table as CSV: a row for every experiment and figure, numbers unrounded, nothing where there is none. */
export function tableInCsv(table: GridTable): string {
  const header = [
    'dataset',
    'collection',
    'data.subset',
    ...table.axes,
    ...['metric', 'by', 'seeds', 'of_seeds', 'mean', 'deviation'],
    ...['difference', 'difference_deviation', 'difference_low'],
    ...['difference_high', 'difference_p', 'pairs', 'nodules', 'patients'],
  ];
  const rows = table.sections.flatMap(
    ({ dataset, subset, nodules, patients, rows: experiments }) =>
      experiments.flatMap((row) =>
        row.figures.map(({ metric, mean, deviation, difference }) => [
          ...[dataset.name, dataset.collection, subset],
          ...table.axes.map((axis) => row.values[axis] ?? null),
          ...[metric.name, table.by, row.seeds.length, row.ofSeeds],
          ...[mean, deviation],
          ...[difference?.difference, difference?.deviation],
          ...[difference?.interval?.low, difference?.interval?.high],
          ...[difference?.pValue, difference?.seeds],
          ...[nodules, patients],
        ]),
      ),
  );
  return stringify([header, ...rows], {
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
}
