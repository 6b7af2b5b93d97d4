import { setImmediate } from 'node:timers/promises';

import {
  accuracy,
  bootstrapInterval,
  brierScore,
  classScores,
  confusionMatrix,
  expectedCalibrationError,
  type Interval,
  macroScores,
  majorityAccuracy,
  majorityClass,
  meanDeviation,
  oneVersusRestAuc,
  wilsonInterval,
} from '@clip-lung/metrics';
import {
  type ClassifiedBy,
  type Pool,
  poolPredictions,
  type PredictionRow,
  readRunRecord,
  runFormatVersion,
  type RunRecord,
  type RunSummary,
  writeRunSummary,
} from '@clip-lung/run';
import { RandomStream } from '@clip-lung/tensor';
import { FileWriteError } from '@clip-lung/tensor/node';

/** What `evaluate --json` prints and `summary.json`, or `summary-by-texts.json`, holds. */
export type Evaluation = RunSummary;

/** So that the same predictions always give the same interval. */
const bootstrapSeed = 1;

export interface EvaluateOptions {
  /** which predictions: the head's, or those by texts where there are any; each have a summary of their own. Default: head */
  readonly by?: ClassifiedBy;
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
 * `InconsistentRunError` (`PatientOverlapError`) for predictions that may not be pooled, `RunFileError` for a file
 * that is not as it should be; the summary then stays as it was. {@link FileWriteError} when that cannot be written
 */
export async function evaluateRun(
  folder: string,
  { by = 'head', onUnwritten, onNote, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const record = await readRunRecord(folder);
  const pool = await poolPredictions(folder, record, { by, onNote, signal });
  const evaluation = await evaluatePool(folder, record, {
    pool,
    by,
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
  /** lets the event loop turn; a million nodules take a second for some figures */
  readonly pause: () => Promise<void>;
}

/** Computes; touches no file. */
async function evaluatePool(
  folder: string,
  { classes, data, text, textModel }: RunRecord,
  { pool: { folds, missingFolds, rows }, by, pause }: Measured,
): Promise<Evaluation> {
  await pause();
  const labels = rows.map(({ label }) => label);
  const probabilities = rows.map((row) => row.probabilities);
  const confusion = confusionMatrix(
    labels,
    rows.map(({ prediction }) => prediction),
    classes.length,
  );
  const scores = classScores(confusion);
  const macro = macroScores(scores);
  await pause();
  const auc = oneVersusRestAuc(labels, probabilities);
  await pause();
  const perFold = folds.map((fold) => ({
    fold: fold.fold,
    accuracy: accuracyOf(fold.rows),
    nodules: fold.rows.length,
    patients: patientsOf(fold.rows),
  }));
  const nameOf = (index: number): string => {
    const name = classes[index];
    if (name !== undefined) return name;
    throw new RangeError(`there is no class ${index} among ${classes.length}`);
  };
  await pause();
  const ece = expectedCalibrationError(labels, probabilities);
  await pause();
  const brier = brierScore(labels, probabilities);
  await pause();
  return {
    accuracy: accuracyOf(rows),
    majority: majorityAccuracy(labels),
    perClass: scores.map(({ recall, f1, precision, support }, index) => ({
      name: nameOf(index),
      recall,
      f1,
      precision,
      support,
      auc: auc.perClass[index] ?? null,
    })),
    run: folder,
    text,
    data: data.collection,
    by,
    formatVersion: runFormatVersion,
    subset: data.subset,
    textModel,
    majorityClass: nameOf(majorityClass(labels)),
    macroPrecision: macro.precision,
    macroRecall: macro.recall,
    macroF1: macro.f1,
    auc: auc.macro ?? null,
    ece,
    brier,
    interval: await accuracyIntervals(rows, pause),
    nodules: rows.length,
    patients: patientsOf(rows),
    folds: perFold,
    missingFolds,
    overFolds:
      perFold.length < 2
        ? null
        : meanDeviation(perFold.map((fold) => fold.accuracy)),
    confusion,
  };
}

async function accuracyIntervals(
  rows: readonly PredictionRow[],
  pause: Measured['pause'],
): Promise<Evaluation['interval']> {
  const right = Uint8Array.from(rows, ({ label, prediction }) =>
    label === prediction ? 1 : 0,
  );
  const successes = right.reduce((total, one) => total + one, 0);
  return {
    level: 0.95,
    wilson: wilsonInterval(successes, right.length),
    byPatient:
      patientsOf(rows) < 2 ? null : await byPatient(rows, right, pause),
  };
}

function byPatient(
  rows: readonly PredictionRow[],
  right: Uint8Array,
  pause: Measured['pause'],
): Promise<Interval> {
  const random = new RandomStream(bootstrapSeed, 'evaluation', 'bootstrap');
  return bootstrapInterval({
    groups: rows.map(({ patient }) => patient),
    values: [right, right.map(() => 1)],
    statistic: ([correct = NaN, all = NaN]) => correct / all,
    random: () => random.uniform(),
    level: 0.95,
    pause,
  });
}
