import { visibleLine } from '@clip-lung/tensor';

import { describeData, describeText, describeWay } from './describe.js';
import type { Evaluation } from './evaluate.js';
import { percent, tableLines } from './table.js';

/** Stands where a figure has nothing to be computed from. */
const none = '–';

/**
 * A plain-text report for a terminal: what was measured on what, the accuracy against the majority class, the classes,
 * the confusion matrix, the folds, and the run's path as the last line. Ends without a newline.
 */
export function formatEvaluation(evaluation: Evaluation): string {
  const blocks = [
    [
      `${describeData(evaluation.data)}; ${visibleLine(describeText(evaluation))}; ${describeWay(evaluation.by)}`,
    ],
    headline(evaluation).map(visibleLine),
    classTable(evaluation),
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
export function formatComparison(evaluations: readonly Evaluation[]): string {
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
    column('macro F1', ({ macroF1 }) => percent(macroF1)),
    column('AUC', ({ auc }) => areaText(auc)),
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

function areaText(area: number | null): string {
  return area === null ? none : area.toFixed(3);
}

function headline(evaluation: Evaluation): readonly string[] {
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
  return [
    `accuracy  ${percent(accuracy)}  (95 % interval ${range(interval.wilson)}${byPatient})`,
    `majority  ${percent(majority)}  (always "${majorityClass}", the most frequent class of these nodules; ${verdict})`,
    `calibration error ${evaluation.ece.toFixed(3)}, Brier score ${evaluation.brier.toFixed(3)}; ${evaluation.nodules} test nodules of ${evaluation.patients} patients, subset ${evaluation.subset}`,
  ];
}

function classTable(evaluation: Evaluation): readonly string[] {
  const { perClass, macroRecall, macroPrecision, macroF1, auc } = evaluation;
  const score = (
    title: string,
    pick: (score: Evaluation['perClass'][number]) => number,
    macro: number,
  ) => ({
    title,
    align: 'right' as const,
    // Without nodules of the class the 0 of the convention would read as a failure.
    cells: [
      ...perClass.map((one) => (one.support === 0 ? none : percent(pick(one)))),
      percent(macro),
    ],
  });
  return tableLines([
    {
      title: 'class',
      align: 'left',
      cells: [...perClass.map(({ name }) => name), 'macro'],
    },
    score('recall', ({ recall }) => recall, macroRecall),
    score('precision', ({ precision }) => precision, macroPrecision),
    score('F1', ({ f1 }) => f1, macroF1),
    {
      title: 'AUC',
      align: 'right',
      cells: [...perClass.map((one) => areaText(one.auc)), areaText(auc)],
    },
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
      cells: confusion.map((row) => String(row[predicted] ?? none)),
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
