import { describeCollection } from '@clip-lung/lidc';
import {
  accuracyMetric,
  builtInMetrics,
  type Metric,
  whereUndefined,
} from '@clip-lung/metrics';
import { at, visibleLine } from '@clip-lung/tensor';

import { describeText, describeWay } from './describe.js';
import type { Evaluation } from './evaluate.js';
import { type Column, percent, tableLines } from './table.js';

/** Stands where a figure has nothing to be computed from. */
const none = '–';

export interface FormatOptions {
  /** metrics of your own that were measured */
  readonly metrics?: readonly Metric[];
}

/**
 * A plain-text report for a terminal: what was measured on what, the accuracy against the majority class, the classes,
 * the confusion matrix, the folds, and the run's path as the last line. Ends without a newline.
 */
export function formatEvaluation(
  evaluation: Evaluation,
  { metrics: own = [] }: FormatOptions = {},
): string {
  const metrics = [...builtInMetrics, ...own];
  const blocks = [
    [
      `${describeCollection(evaluation.data)}; ${visibleLine(describeText(evaluation))}; ${describeWay(evaluation.by)}`,
    ],
    headline(evaluation, metrics).map(visibleLine),
    classTable(evaluation, metrics),
    undefinedLines(evaluation, metrics),
    confusionTable(evaluation),
    foldLines(evaluation),
    [visibleLine(evaluation.run)],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** One line a run, for runs side by side. */
export function formatComparison(
  evaluations: readonly Evaluation[],
  { metrics: own = [] }: FormatOptions = {},
): string {
  const compared = [...builtInMetrics, ...own].filter(
    ({ isCompared, name }: Metric) =>
      isCompared === true && name !== accuracyMetric.name,
  );
  const column = (
    title: string,
    cell: (evaluation: Evaluation) => string,
    align: 'left' | 'right' = 'right',
  ) => ({ title, align, cells: evaluations.map(cell) });
  return tableLines([
    column('run', ({ run }) => run, 'left'),
    column('data', ({ data, subset }) => `${data} ${subset}`, 'left'),
    column('text', ({ text }) => text, 'left'),
    column('by', ({ by }) => by, 'left'),
    column('accuracy', ({ accuracy }) => percent(accuracy)),
    column('95 % interval', ({ interval }) => range(interval.wilson)),
    column('majority', ({ majority }) => percent(majority)),
    ...compared.map((metric) =>
      column(metric.label, (evaluation) =>
        figureText(metric, evaluation, metric.name),
      ),
    ),
    column('nodules', ({ nodules }) => String(nodules)),
    column('folds', ({ folds, missingFolds }) =>
      missingFolds.length === 0
        ? String(folds.length)
        : `${folds.length} of ${folds.length + missingFolds.length}`,
    ),
  ]).join('\n');
}

function range({ low, high }: { low: number; high: number }): string {
  return `${(100 * low).toFixed(1)} to ${percent(high)}`;
}

/** The figure of a metric in a summary, or in one of its classes, as tables show it. @param key its name there */
function figureText(
  { label, shownAs }: Metric,
  figures: Evaluation | Evaluation['perClass'][number],
  key: string,
): string {
  const value = (figures as unknown as Readonly<Record<string, unknown>>)[key];
  if (value === null) return none;
  if (typeof value !== 'number') {
    throw new RangeError(
      `the evaluation has no ${label} ("${key}"); expected one in which it was measured`,
    );
  }
  return shownAs === 'percent' ? percent(value) : value.toFixed(3);
}

function headline(
  evaluation: Evaluation,
  metrics: readonly Metric[],
): readonly string[] {
  const { accuracy, interval, majority, majorityClass } = evaluation;
  const byPatient =
    interval.byPatient === null
      ? ''
      : `; ${range(interval.byPatient)} when patients are resampled`;
  const verdict =
    interval.wilson.low > majority
      ? 'the interval lies above it'
      : interval.wilson.high < majority
        ? 'the interval lies below it'
        : 'the interval includes it';
  // Those with figures of single classes stand in the table of classes.
  const ofAll = metrics
    .filter(({ name, perClass }) => !perClass && name !== accuracyMetric.name)
    .map((metric) => figureWithInterval(metric, evaluation));
  return [
    `accuracy  ${percent(accuracy)}  (95 % interval ${range(interval.wilson)}${byPatient})`,
    `majority  ${percent(majority)}  (always "${majorityClass}", the most frequent class of these nodules; ${verdict})`,
    `${ofAll.join(', ')}; ${evaluation.nodules} test nodules of ${evaluation.patients} patients, subset ${evaluation.subset}`,
  ];
}

/** `Brier score 0.460`, or `kappa 0.512 (0.401 to 0.611 when patients are resampled)` */
function figureWithInterval(metric: Metric, evaluation: Evaluation): string {
  const { label, name, shownAs } = metric;
  const figure = `${label} ${figureText(metric, evaluation, name)}`;
  const interval = evaluation.intervals?.[name];
  if (interval === undefined || interval === null) return figure;
  const { low, high } = interval;
  const ends =
    shownAs === 'percent'
      ? range(interval)
      : `${low.toFixed(3)} to ${high.toFixed(3)}`;
  return `${figure} (${ends} when patients are resampled)`;
}

function classTable(
  evaluation: Evaluation,
  metrics: readonly Metric[],
): readonly string[] {
  const { perClass } = evaluation;
  return tableLines([
    {
      title: 'class',
      align: 'left',
      cells: [...perClass.map(({ name }) => name), 'macro'],
    },
    ...metrics.flatMap((metric) =>
      metric.perClass === undefined
        ? []
        : [classColumn(metric, metric.perClass, evaluation)],
    ),
    {
      title: 'support',
      align: 'right',
      cells: [
        ...perClass.map(({ support }) => String(support)),
        String(evaluation.nodules),
      ],
    },
  ]);
}

function classColumn(
  metric: Metric,
  { name, label }: NonNullable<Metric['perClass']>,
  evaluation: Evaluation,
): Column {
  return {
    title: label,
    align: 'right',
    cells: [
      // Without nodules of the class the 0 of the convention would read as a failure.
      ...evaluation.perClass.map((one) =>
        one.support === 0 ? none : figureText(metric, one, name),
      ),
      figureText(metric, evaluation, metric.name),
    ],
  };
}

/** Why figures are missing. */
function undefinedLines(
  evaluation: Evaluation,
  metrics: readonly Metric[],
): readonly string[] {
  return metrics
    .filter((metric) => figureText(metric, evaluation, metric.name) === none)
    .map(
      (metric) =>
        `no ${metric.label} where ${whereUndefined(metric) ?? 'there is nothing to compute it from'}`,
    );
}

function confusionTable({
  perClass,
  confusion,
}: Evaluation): readonly string[] {
  return tableLines([
    {
      title: 'true \\ predicted',
      align: 'left',
      cells: perClass.map(({ name }) => name),
    },
    ...perClass.map(({ name }, predicted) => ({
      title: name,
      align: 'right' as const,
      cells: confusion.map((row) => String(at(row, predicted))),
    })),
  ]);
}

function foldLines({
  folds,
  missingFolds,
  overFolds,
}: Evaluation): readonly string[] {
  const missing =
    missingFolds.length === 0
      ? []
      : [
          `folds without predictions, left out: ${missingFolds.join(', ')} (of ${folds.length + missingFolds.length})`,
        ];
  if (overFolds === null) return missing;
  const right = 'right' as const;
  return [
    ...tableLines([
      {
        title: 'fold',
        align: 'left',
        cells: folds.map(({ fold }) => String(fold)),
      },
      {
        title: 'accuracy',
        align: right,
        cells: folds.map(({ accuracy }) => percent(accuracy)),
      },
      {
        title: 'nodules',
        align: right,
        cells: folds.map(({ nodules }) => String(nodules)),
      },
      {
        title: 'patients',
        align: right,
        cells: folds.map(({ patients }) => String(patients)),
      },
    ]),
    `mean ± standard deviation over ${folds.length} folds: ${(100 * overFolds.mean).toFixed(1)} ± ${percent(overFolds.deviation)}`,
    ...missing,
  ];
}
