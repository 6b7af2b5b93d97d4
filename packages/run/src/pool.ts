import { setImmediate } from 'node:timers/promises';

import type { ClassifiedBy } from './classified-by.js';
import {
  InconsistentRunError,
  MissingRunFileError,
  NoPredictionsError,
  PatientOverlapError,
} from './error.js';
import { runOrigin } from './origin.js';
import { foldPaths, type FoldPaths, listFolds } from './paths.js';
import type { PredictionRow } from './predictions.js';
import { type ReadPredictions, readPredictions } from './predictions-file.js';
import type { RunRecord } from './record.js';

/** The test nodules of one fold. */
export interface TestedFold {
  readonly fold: number;
  readonly rows: readonly PredictionRow[];
}

/** The test nodules of all folds that have predictions. */
export interface Pool {
  readonly folds: readonly TestedFold[];
  /** those of the run's folds that have none */
  readonly missingFolds: readonly number[];
  readonly rows: readonly PredictionRow[];
}

export interface PoolOptions {
  /** which predictions; default the head's */
  readonly by?: ClassifiedBy | undefined;
  /** stops within a second or so */
  readonly signal?: AbortSignal | undefined;
  /** is told of what cannot be checked */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Reads the predictions of a run's folds and checks that they may be pooled: the record's classes in each, and each
 * nodule and each patient in one fold only.
 *
 * @throws {@link NoPredictionsError}, {@link InconsistentRunError}, {@link PatientOverlapError}, or `RunFileError` for a
 * file that cannot be read
 */
export async function poolPredictions(
  folder: string,
  record: RunRecord,
  { by = 'head', onNote, signal }: PoolOptions = {},
): Promise<Pool> {
  const { folds: count } = record.data;
  const stray = (await listFolds(folder)).find((fold) => fold >= count);
  if (stray !== undefined) {
    throw new InconsistentRunError(
      `${foldPaths(folder, stray).folder}: fold ${stray} is there, but the run's record has ${count} folds (0 to ${count - 1}); remove the folder, or the run is a mixture of two`,
    );
  }
  const folds: TestedFold[] = [];
  const missingFolds: number[] = [];
  const undigested: number[] = [];
  for (let fold = 0; fold < count; fold++) {
    const found = await readFold(foldPaths(folder, fold, by), record, signal);
    if (found === undefined) {
      missingFolds.push(fold);
      continue;
    }
    folds.push({ fold, rows: found.rows });
    if (!found.isDigested) undigested.push(fold);
  }
  if (folds.length === 0) {
    throw new NoPredictionsError(
      `${folder}: none of the run's ${count} folds has predictions yet; expected at least ${foldPaths(folder, 0, by).predictions}, which ${writers[by]}`,
    );
  }
  if (undigested.length > 0) {
    onNote?.(
      `${folder}: the predictions of fold ${undigested.join(', ')} have no digest, like all predictions of earlier versions: nothing shows whether they are whole`,
    );
  }
  await checkApart(folder, folds, { by, signal });
  return { folds, missingFolds, rows: folds.flatMap(({ rows }) => rows) };
}

/** Who writes predictions, and when. */
const writers: Readonly<Record<ClassifiedBy, string>> = {
  head: '`train` writes when the fold is done (--resume goes on with a run that was stopped)',
  texts: '`clip-lung evaluate --by texts` writes',
};

async function readFold(
  paths: FoldPaths,
  record: RunRecord,
  signal: AbortSignal | undefined,
): Promise<ReadPredictions | undefined> {
  try {
    const found = await readPredictions(paths, {
      run: runOrigin(record),
      signal,
      undigested: record.formatVersion === 1,
    });
    const { classes } = found;
    const expected = record.classes;
    if (
      classes.length !== expected.length ||
      classes.some((name, index) => name !== expected[index])
    ) {
      throw new InconsistentRunError(
        `${paths.predictions}: the classes are ${classes.join(', ')}, expected ${expected.join(', ')} as in the run's record; the file is of another run`,
      );
    }
    return found;
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    throw error;
  }
}

async function checkApart(
  folder: string,
  folds: readonly TestedFold[],
  { by, signal }: Pick<PoolOptions, 'signal'> & { readonly by: ClassifiedBy },
): Promise<void> {
  const foldOfNodule = new Map<string, number>();
  const foldOfPatient = new Map<string, number>();
  for (const { fold, rows } of folds) {
    await setImmediate(undefined, { signal });
    const file = foldPaths(folder, fold, by).predictions;
    for (const { nodule, patient } of rows) {
      const before = foldOfNodule.get(nodule);
      if (before !== undefined) {
        throw new InconsistentRunError(
          `${file}: nodule ${nodule} was tested in fold ${before} already; expected every nodule in one fold`,
        );
      }
      foldOfNodule.set(nodule, fold);
      const other = foldOfPatient.get(patient) ?? fold;
      if (other !== fold) {
        throw new PatientOverlapError(
          `${file}: patient ${patient} was tested in fold ${other} already; expected every patient in one fold, or a model would be tested on a patient that it was trained on`,
        );
      }
      foldOfPatient.set(patient, fold);
    }
  }
}
