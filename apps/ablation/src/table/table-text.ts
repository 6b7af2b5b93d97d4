import { describeText, describeWay } from '@clip-lung/evaluator';
import { describeCollection } from '@clip-lung/lidc';
import type { Metric } from '@clip-lung/metrics';

import type {
  GridTable,
  SeedFigure,
  TableRow,
  TableSection,
} from './grid-table.js';

/** Stands where there is no figure. */
export const none = '–';

/** The true minus sign, which is as wide as a plus. */
const minus = '−';

/** The columns of a section, in whatever format: the axes, each figure and its difference, the seeds. */
export function headerOf({ axes, metrics }: GridTable): readonly string[] {
  return [
    ...axes,
    ...metrics.flatMap((metric) => [nameOf(metric), `Δ ${nameOf(metric)}`]),
    'seeds',
  ];
}

/** A row's cells, in the order of {@link headerOf}. */
export function cellsOfRow(
  { axes }: GridTable,
  row: TableRow,
): readonly string[] {
  return [
    ...axes.map((axis) => row.values[axis] ?? none),
    ...row.figures.flatMap((figure) => [
      figureText(figure),
      row.isBase ? 'base' : differenceText(figure),
    ]),
    row.seeds.length === row.ofSeeds
      ? String(row.ofSeeds)
      : `${row.seeds.length} of ${row.ofSeeds}`,
  ];
}

/** Figures in percent are told in percent, others as they are. */
function nameOf({ label, shownAs }: Metric): string {
  return shownAs === 'percent' ? `${label}, %` : label;
}

/** `61.3 ± 0.4`, `0.612` */
function figureText({ metric, mean, deviation }: SeedFigure): string {
  if (mean === null) return none;
  const middle = number(metric, mean);
  return deviation === null
    ? middle
    : `${middle} ± ${number(metric, deviation)}`;
}

/** `+1.2 (−0.5 to +2.9)` */
function differenceText({ metric, difference: found }: SeedFigure): string {
  if (found === null || found.difference === null) return none;
  const shown = signed(metric, found.difference);
  if (found.interval === null) return shown;
  const { low, high } = found.interval;
  return `${shown} (${signed(metric, low)} to ${signed(metric, high)})`;
}

function number({ shownAs }: Metric, value: number): string {
  return shownAs === 'percent' ? (100 * value).toFixed(1) : value.toFixed(3);
}

function signed(metric: Metric, value: number): string {
  const size = number(metric, Math.abs(value));
  if (Number(size) === 0) return size;
  return `${value < 0 ? minus : '+'}${size}`;
}

/** `lidc, LIDC-A: 120 nodules of 80 patients` */
export function titleOf({
  dataset,
  subset,
  nodules,
  patients,
}: TableSection): string {
  const name =
    subset === null ? dataset.name : `${dataset.name}, subset ${subset}`;
  return nodules === 0
    ? `${name}: no run is complete yet`
    : `${name}: ${nodules} test nodules of ${patients} patients`;
}

/** On what the figures are, and what they are: simulated nodules and random towers first. */
export function preambleOf(table: GridTable): readonly string[] {
  const collections = new Set(
    table.sections.map(({ dataset }) => describeCollection(dataset.collection)),
  );
  const texts = new Set(table.records.map(describeText));
  return [
    `${[...collections, ...texts].join('; ')}; ${describeWay(table.by)}.`,
    'Mean ± standard deviation over seeds, each over the pooled test nodules of its folds. Δ is the difference to the row "base", over the same seeds and nodules, with its 95 % interval when patients are resampled; it is not corrected for the number of comparisons.',
  ];
}

/** Of many that are missing, the first are named. */
const namedCells = 20;

/** What is not complete, and what could not be compared, a line each. */
export function remarksOf(table: GridTable): readonly string[] {
  const notes = table.sections.flatMap((section) =>
    section.rows.flatMap((row) =>
      row.note === null
        ? []
        : [
            `${Object.values(row.values).join(', ')}: not compared: ${row.note}`,
          ],
    ),
  );
  const { missing, damaged } = table;
  const alone = table.sections.filter(
    ({ rows }) => rows.length > 1 && rows.every(({ isBase }) => !isBase),
  );
  return [
    ...notes,
    ...alone.map(
      (section) =>
        `${titleOf(section)}: nothing is compared, as the grid does not have the experiment that the others would be compared with (compareWith, unless)`,
    ),
    ...damaged.map(
      ({ run, problem }) => `damaged, and left out: ${run}: ${problem}`,
    ),
    ...(missing.length === 0
      ? []
      : [
          `missing: ${missing.length} ${missing.length === 1 ? 'cell' : 'cells'} without predictions: ${missing.slice(0, namedCells).join('; ')}${missing.length > namedCells ? `; and ${missing.length - namedCells} more, which ablate status lists` : ''}`,
        ]),
  ];
}
