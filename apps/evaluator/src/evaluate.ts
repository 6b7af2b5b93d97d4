import { setImmediate } from 'node:timers/promises';

import {
  accuracy,
  accuracyMetric,
  builtInMetrics,
  type Cases,
  confusionMatrix,
  type IdentifiedCases,
  type Interval,
  majorityAccuracy,
  majorityClass,
  meanDeviation,
  type Metric,
  wilsonInterval,
} from '@clip-lung/metrics';
import {
  type ClassifiedBy,
  experimentDigest,
  type Pool,
  poolPredictions,
  type PredictionRow,
  readRunRecord,
  runFormatVersion,
  type RunRecord,
  type RunSummary,
  writeRunSummary,
} from '@clip-lung/run';
import { at } from '@clip-lung/tensor';
import { FileWriteError } from '@clip-lung/tensor/node';

import { bootstrapByPatient, intervalLevel } from './interval-by-patient.js';
import { measureAll, withBuiltIn } from './measure.js';

/** What `evaluate --json` prints and `summary.json`, or `summary-by-texts.json`, holds. */
export type Evaluation = RunSummary;

export interface EvaluateOptions {
  /** which predictions: the head's, or those by texts where there are any; each have a summary of their own. Default: head */
  readonly by?: ClassifiedBy;
  /** metrics of your own, measured after the built-in ones; each adds its key to the summary */
  readonly metrics?: readonly Metric[];
  /** is told that the summary cannot be written, such as into an archive; without it, that is an error */
  readonly onUnwritten?: (error: FileWriteError) => void;
  /** stops within a second or so, however many nodules there are; the summary then stays as it was */
  readonly signal?: AbortSignal | undefined;
  /** is told of what cannot be checked, such as predictions of a version without digests */
  readonly onNote?: (message: string) => void;
}

/**
 * Evaluates a run: pools the predictions of all folds that have them, computes every figure over the pooled test
 * nodules, and writes the summary into the run's folder.
 *
 * @throws `MissingRunFileError` for a folder that is no run, `NoPredictionsError` for a run without predictions yet,
 * `MetricsInputError` for a metric whose name is taken, or that gives what it does not announce,
 * `InconsistentRunError` (`PatientOverlapError`) for predictions that may not be pooled, `RunFileError` for a file
 * that is not as it should be; the summary then stays as it was. {@link FileWriteError} when that cannot be written
 */
export async function evaluateRun(
  folder: string,
  {
    by = 'head',
    metrics = [],
    onUnwritten,
    onNote,
    signal,
  }: EvaluateOptions = {},
): Promise<Evaluation> {
  const record = await readRunRecord(folder);
  const pool = await poolPredictions(folder, record, { by, onNote, signal });
  const evaluation = await evaluatePool(folder, record, {
    pool,
    by,
    metrics: withBuiltIn(metrics),
    pause: () => setImmediate(undefined, { signal }),
  });
  try {
    await writeRunSummary(folder, evaluation);
  } catch (error) {
    if (!(error instanceof FileWriteError && onUnwritten)) throw error;
    onUnwritten(error);
  }
  return evaluation;
}

/** Evaluates several runs, in order. @throws as {@link evaluateRun}, for the first run that fails */
export async function evaluateRuns(
  folders: readonly string[],
  options: EvaluateOptions = {},
): Promise<readonly Evaluation[]> {
  const evaluations: Evaluation[] = [];
  for (const folder of folders) {
    evaluations.push(await evaluateRun(folder, options));
  }
  return evaluations;
}

function patientsOf(rows: readonly PredictionRow[]): number {
  return new Set(rows.map(({ patient }) => patient)).size;
}

function accuracyOf(rows: readonly PredictionRow[]): number {
  return accuracy(
    rows.map(({ label }) => label),
    rows.map(({ prediction }) => prediction),
  );
}

interface Measured {
  readonly pool: Pool;
  readonly by: ClassifiedBy;
  readonly metrics: readonly Metric[];
  /** lets the event loop turn; a million nodules take a second for some figures */
  readonly pause: () => Promise<void>;
}

/** Computes; touches no file. */
async function evaluatePool(
  folder: string,
  record: RunRecord,
  { pool: { folds, missingFolds, rows }, by, metrics, pause }: Measured,
): Promise<Evaluation> {
  const { classes, data, text, textModel } = record;
  await pause();
  const cases = casesOf(record, rows);
  const { figures, perClass } = await measureAll(metrics, cases, pause);
  const perFold = folds.map((fold) => ({
    fold: fold.fold,
    accuracy: accuracyOf(fold.rows),
    nodules: fold.rows.length,
    patients: patientsOf(fold.rows),
  }));
  await pause();
  const resampling = {
    cases,
    patients: rows.map(({ patient }) => patient),
    pause,
  };
  const { interval: byPatient } = await bootstrapByPatient(
    accuracyMetric,
    resampling,
  );
  const intervals: [name: string, interval: Interval | null][] = [];
  for (const metric of metrics) {
    if ((builtInMetrics as readonly Metric[]).includes(metric)) continue;
    const { name, resampled, weighted } = metric;
    if (resampled === undefined && weighted === undefined) continue;
    const { interval } = await bootstrapByPatient(metric, resampling);
    intervals.push([name, interval]);
  }
  const { accuracy: ofAll, ...others } = figures;
  return {
    accuracy: ofAll,
    majority: majorityAccuracy(cases.labels),
    perClass,
    run: folder,
    text,
    data: data.collection,
    by,
    formatVersion: runFormatVersion,
    subset: data.subset,
    textModel,
    majorityClass: at(classes, majorityClass(cases.labels), 'classes'),
    ...others,
    interval: {
      level: intervalLevel,
      wilson: wilsonInterval(
        rows.filter(({ label, prediction }) => label === prediction).length,
        rows.length,
      ),
      byPatient,
    },
    ...(intervals.length > 0 && { intervals: Object.fromEntries(intervals) }),
    nodules: rows.length,
    patients: patientsOf(rows),
    folds: perFold,
    missingFolds,
    overFolds:
      perFold.length < 2
        ? null
        : meanDeviation(perFold.map((fold) => fold.accuracy)),
    confusion: cases.confusion,
    experimentDigest: experimentDigest(record.experiment),
  };
}

/** The rows of predictions as metrics take them. */
export function casesOf(
  { classes, ordered = true }: Pick<RunRecord, 'classes' | 'ordered'>,
  rows: readonly PredictionRow[],
): Cases {
  const labels = rows.map(({ label }) => label);
  const predictions = rows.map(({ prediction }) => prediction);
  return {
    classes,
    areOrdered: ordered,
    labels,
    predictions,
    probabilities: rows.map(({ probabilities }) => probabilities),
    confusion: confusionMatrix(labels, predictions, classes.length),
  };
}

/** The rows of predictions with the nodules that they are of, as comparisons take them. */
export function identifiedCases(
  record: Pick<RunRecord, 'classes' | 'ordered'>,
  rows: readonly PredictionRow[],
): IdentifiedCases {
  return {
    cases: casesOf(record, rows),
    nodules: rows.map(({ nodule }) => nodule),
    patients: rows.map(({ patient }) => patient),
  };
}
