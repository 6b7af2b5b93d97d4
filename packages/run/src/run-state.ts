import { stat } from 'node:fs/promises';

import { ClipLungError } from '@clip-lung/tensor';
import { FileReadError, isMissing } from '@clip-lung/tensor/node';

import { epochsIn } from './epochs.js';
import { MissingRunFileError, RunFileError } from './error.js';
import { type FoldHolder, foldHolder } from './fold-lock.js';
import { type LoggedProgress, readProgress } from './logged-progress.js';
import { runOrigin } from './origin.js';
import { foldPaths, listFolds, runPaths } from './paths.js';
import { areOfFewerEpochs } from './predictions-file.js';
import { readRunRecord, type RunRecord } from './record.js';
import { readTestAccuracy } from './summary.js';

/** `stopped`: folds are missing, and nobody trains one. */
export const runStateNames = [
  'finished',
  'training',
  'stopped',
  'damaged',
] as const;

export type RunStateName = (typeof runStateNames)[number];

/** How far a run is. What cannot be read of a damaged one is null. */
export interface RunState {
  /** the run's folder, as it was given */
  readonly run: string;
  readonly state: RunStateName;
  /** what is wrong with a damaged run: starts with the file */
  readonly problem: string | null;
  readonly folds: {
    /** those whose test nodules are predicted */
    readonly done: number;
    readonly of: number;
  } | null;
  /** epochs done of the fold that is trained, or was trained last; `of` is null where the experiment does not say */
  readonly epochs: {
    readonly fold: number;
    readonly done: number;
    readonly of: number | null;
  } | null;
  /**
   * Of the test nodules once the run is evaluated; until then the mean over folds of the best epoch's accuracy on the validation
   * nodules. Fractions in 0..1
   */
  readonly best: {
    readonly of: 'test' | 'validation';
    readonly accuracy: number;
    readonly folds: number;
  } | null;
  /** when a file of it was last written, ISO 8601 */
  readonly changed: string | null;
  /** the machine that trains it, or where it began; null for runs that did not keep it */
  readonly host: string | null;
}

/**
 * Reads how far a run is. Its record, logs and summary are held against their digests; of checkpoints and predictions it is only
 * asked whether they are there, and, in a run that was given more epochs, whether predictions are of all of them.
 *
 * @returns the state `damaged` for what cannot be read as a run
 */
export async function readRunState(run: string): Promise<RunState> {
  const unknown = {
    ...{ run, problem: null, folds: null, epochs: null, best: null },
    changed: await lastChanged(run, []),
    host: null,
  };
  let known: Partial<RunState> = {};
  try {
    const record = await readRunRecord(run);
    known = { host: record.host ?? null };
    const folds = await readFolds(run, record);
    known = { ...known, ...progressOf(folds, record) };
    known = { ...known, changed: await lastChanged(run, folds) };
    const holder = folds.find(({ holder }) => holder?.lives === true)?.holder;
    const tested = await readTestAccuracy(run, record);
    const isDone = folds.length > 0 && folds.every(({ isTested }) => isTested);
    return {
      ...unknown,
      ...known,
      state: holder ? 'training' : isDone ? 'finished' : 'stopped',
      best: tested ? { of: 'test', ...tested } : bestValidation(folds),
      host: holder?.host ?? record.host ?? null,
    };
  } catch (error) {
    if (!isOfFiles(error)) throw error;
    return { ...unknown, ...known, state: 'damaged', problem: error.message };
  }
}

/** How far a fold is. */
export interface FoldState {
  /** counted from 0 */
  readonly fold: number;
  /** whether its test nodules are predicted, by all epochs that it is to have */
  readonly isTested: boolean;
  readonly logged: LoggedProgress;
  /** who trains it, or did when it died; undefined for nobody */
  readonly holder: FoldHolder | undefined;
}

/**
 * How far a fold of a run is; of its checkpoints and predictions it is only asked whether they are there.
 *
 * @throws `RunFileError` for a log that is not as it was written
 */
export async function readFoldState(
  run: string,
  record: RunRecord,
  fold: number,
): Promise<FoldState> {
  const paths = foldPaths(run, fold);
  return {
    fold,
    isTested:
      (await writtenAt(paths.predictions)) !== undefined &&
      !(await areOfFewerEpochs(paths, runOrigin(record))),
    logged: await progressIn(paths.metrics),
    holder: await foldHolder(run, fold),
  };
}

/** All folds that the run is to have. */
async function readFolds(
  run: string,
  record: RunRecord,
): Promise<readonly FoldState[]> {
  const { data } = record;
  const there = await listFolds(run);
  const stray = there.find((fold) => fold >= data.folds);
  if (stray !== undefined) {
    throw new RunFileError(
      foldPaths(run, stray).folder,
      `is there, but the run's record has ${data.folds} folds (0 to ${data.folds - 1})`,
    );
  }
  const states: FoldState[] = [];
  for (let fold = 0; fold < data.folds; fold++) {
    states.push(await readFoldState(run, record, fold));
  }
  return states;
}

const nothing: LoggedProgress = { epochs: 0, validation: null };

async function progressIn(metrics: string): Promise<LoggedProgress> {
  try {
    return await readProgress(metrics);
  } catch (error) {
    if (error instanceof MissingRunFileError) return nothing;
    throw error;
  }
}

function progressOf(
  folds: readonly FoldState[],
  { experiment, data }: RunRecord,
): Pick<RunState, 'folds' | 'epochs'> {
  const begun = folds.filter(
    ({ logged, holder }) => logged.epochs > 0 || holder !== undefined,
  );
  const current =
    begun.find(({ holder }) => holder?.lives === true) ??
    begun.find(({ isTested }) => !isTested) ??
    begun.at(-1);
  return {
    folds: {
      done: folds.filter(({ isTested }) => isTested).length,
      of: data.folds,
    },
    epochs:
      current === undefined
        ? null
        : {
            fold: current.fold,
            done: current.logged.epochs,
            of: epochsIn(experiment),
          },
  };
}

function bestValidation(folds: readonly FoldState[]): RunState['best'] {
  const best = folds.flatMap(({ logged }) => logged.validation ?? []);
  if (best.length === 0) return null;
  const sum = best.reduce((total, accuracy) => total + accuracy, 0);
  const accuracy = sum / best.length;
  return { of: 'validation', accuracy, folds: best.length };
}

/** Of the files that every step of a run writes. */
async function lastChanged(
  run: string,
  folds: readonly FoldState[],
): Promise<string | null> {
  const { experiment, summary } = runPaths(run);
  const begun = folds.filter(
    ({ logged, isTested }) => logged.epochs > 0 || isTested,
  );
  const files = begun.flatMap(({ fold }) => {
    const { metrics, predictions } = foldPaths(run, fold);
    return [metrics, predictions];
  });
  const times: number[] = [];
  for (const file of [experiment, summary, ...files]) {
    const time = await writtenAt(file);
    if (time !== undefined) times.push(time);
  }
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}

/** Milliseconds since 1970; undefined for a file that is not there. */
async function writtenAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new FileReadError(file, error);
  }
}

/** What the files of a run, or the disk, may be the reason of. */
function isOfFiles(error: unknown): error is Error {
  if (error instanceof ClipLungError) return true;
  return error instanceof Error && 'syscall' in error;
}
