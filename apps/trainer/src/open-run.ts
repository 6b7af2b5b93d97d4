import { existsSync } from 'node:fs';

import {
  clearLeftBehind,
  createRunRecord,
  epochsOf,
  experimentDigest,
  type FoldLock,
  foldPaths,
  isNewRun,
  type KeptFiles,
  lockFold,
  type LockTimes,
  readRunRecord,
  runOrigin,
  runPaths,
  type RunRecord,
  withEpochs,
  writeKeptFiles,
  writeRunRecord,
} from '@clip-lung/run';

import { TrainingError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import { expectSameRun } from './expect-same-run.js';
import { withHistory } from './run-history.js';
import type { FoldOptions } from './fold-options.js';

/** A record of this version, which always knows its dataset. */
export type NewRecord = RunRecord & {
  readonly data: { readonly sha256: string };
};

export interface OpenOptions {
  /** the run's folder */
  readonly out: string;
  /** what the run would be recorded as if it began now */
  readonly record: NewRecord;
  /** go on with folds that were begun */
  readonly resume?: boolean | undefined;
  /** the sources of the experiment's plugins, for the run to keep */
  readonly keep?: KeptFiles | null | undefined;
  /** go on though the experiment's plugins are others than the run began with; the record says so */
  readonly replacePlugins?: boolean | undefined;
  readonly lock?: LockTimes | undefined;
  readonly onEvent?: OnTrainingEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Begins a run that others are to train: writes its record, and the sources of its plugins.
 *
 * @returns the record; that which is there already, where the run has begun
 * @throws {@link TrainingError} for a folder that holds something else
 */
export async function beginRun({
  out,
  record,
  keep = null,
}: Pick<OpenOptions, 'out' | 'record' | 'keep'>): Promise<RunRecord> {
  if (await isNew(out)) {
    if (keep !== null) await writeKeptFiles(out, keep);
    if (await createRunRecord(out, record)) return record;
  }
  expectRunFolder(out);
  return readRunRecord(out);
}

/** A run whose folds this process alone trains. */
export interface OpenedRun extends Pick<FoldOptions, 'origin' | 'run'> {
  /** by fold, in the order that was asked for */
  readonly locks: ReadonlyMap<number, FoldLock>;
}

/**
 * Locks folds of a run, and opens the run, or begins it.
 *
 * @throws {@link TrainingError} for a folder, or a run, that this one does not go on with; `FoldLockedError`
 */
export async function withLockedFolds<T>(
  options: OpenOptions,
  folds: readonly number[],
  work: (opened: OpenedRun) => Promise<T>,
): Promise<T> {
  // What is refused leaves no lock behind.
  if (!(await isNew(options.out))) await earlierRecord(options);
  const locks = new Map<number, FoldLock>();
  let result: T;
  try {
    for (const fold of folds) locks.set(fold, await lock(options, fold));
    await clearLeftBehind(options.out, folds);
    const record = await openRecord(options, folds);
    result = await work({
      locks,
      run: runOrigin(record),
      origin: {
        experimentDigest: experimentDigest(record.experiment),
        dataset: options.record.data.sha256,
      },
    });
  } catch (error) {
    // What went wrong first is what there is to tell.
    await releaseAll(locks).catch(() => undefined);
    throw error;
  }
  await releaseAll(locks);
  return result;
}

/** Releases all that can be released. @throws `FileWriteError` for the first that cannot */
async function releaseAll(locks: ReadonlyMap<number, FoldLock>): Promise<void> {
  const outcomes = await Promise.allSettled(
    [...locks.values()].map((held) => held.release()),
  );
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function lock(
  { out, lock: times, onEvent, signal }: OpenOptions,
  fold: number,
): Promise<FoldLock> {
  return lockFold(out, fold, {
    ...times,
    signal,
    onNote: (message) => onEvent?.({ kind: 'note', fold, message }),
  });
}

/** The run's record, once it is there. Folds that start at the same moment agree on the one that was first. */
async function openRecord(
  options: OpenOptions,
  folds: readonly number[],
): Promise<RunRecord> {
  const { out, record, keep = null, resume = false } = options;
  if (await isNew(out)) {
    // First, so that a record never names what is not there.
    if (keep !== null) await writeKeptFiles(out, keep);
    if (await createRunRecord(out, record)) return record;
  }
  const { earlier, changed } = await earlierRecord(options);
  const begun = folds.filter((fold) => isBegun(out, fold));
  if (begun.length > 0 && !resume) {
    throw new TrainingError(
      `${out}: fold ${begun.join(', ')} has already been begun; give --resume to go on, or choose another folder`,
    );
  }
  const before = experimentDigest(earlier.experiment);
  if (experimentDigest(changed.experiment) === before) return earlier;
  const replaced = options.replacePlugins === true;
  if (replaced && keep !== null) await writeKeptFiles(out, keep);
  const now = await withHistory(out, earlier, changed);
  await writeRunRecord(out, now);
  return now;
}

/**
 * The record that is there, and what it is to be: with the plugins that replace its own, and the epochs that it is given in
 * addition.
 *
 * @throws {@link TrainingError}
 */
async function earlierRecord({
  out,
  record,
  resume = false,
  replacePlugins = false,
}: OpenOptions): Promise<{
  readonly earlier: RunRecord;
  readonly changed: RunRecord;
}> {
  expectRunFolder(out);
  const earlier = await readRunRecord(out);
  const { plugins } = record.experiment;
  const own = replacePlugins
    ? { ...earlier.experiment, plugins }
    : earlier.experiment;
  const epochs = epochsOf(record);
  const isLonger = resume && epochs > epochsOf(earlier);
  const experiment = isLonger ? withEpochs(own, epochs) : own;
  const changed = { ...earlier, experiment };
  expectSameRun(out, changed, record);
  return { earlier, changed };
}

function expectRunFolder(out: string): void {
  if (existsSync(runPaths(out).experiment)) return;
  throw new TrainingError(
    `${out}: is not empty, and not a run folder (no experiment.json); choose another folder`,
  );
}

/** Whether there is anything of a fold: an empty folder is left by whoever is killed at its first write. */
function isBegun(out: string, fold: number): boolean {
  const { metrics, predictions, last, best } = foldPaths(out, fold);
  return [metrics, predictions, last.tensors, best.tensors].some((file) =>
    existsSync(file),
  );
}

async function isNew(out: string): Promise<boolean> {
  try {
    return await isNewRun(out);
  } catch (error) {
    const code = error instanceof Error && 'code' in error && error.code;
    if (code !== 'ENOTDIR') throw error;
    throw new TrainingError(
      `${out}: is a file, or is inside one; expected a folder, or the name of a new one`,
      { cause: error },
    );
  }
}
