import { stat } from 'node:fs/promises';

import { accuracy } from '@clip-lung/metrics';
import {
  type EpochMetrics,
  foldPaths,
  MissingRunFileError,
  readMetrics,
  readPredictions,
  runOrigin,
  type RunRecord,
} from '@clip-lung/run';
import { at } from '@clip-lung/tensor';
import { isMissing } from '@clip-lung/tensor/node';

import { type NamedNumber, numbersOf } from './numbers.js';

/** What a tracker is told of an epoch. */
export interface TrackedEpoch {
  /** counted from 0 */
  readonly epoch: number;
  /** when it ended, seconds since 1970: by the log's own time, and what the epochs took */
  readonly time: number;
  /** the line of `metrics.jsonl`, by its fields' names */
  readonly numbers: readonly NamedNumber[];
}

export interface TrackedFold {
  readonly fold: number;
  readonly epochs: readonly TrackedEpoch[];
  /** null for a fold whose test nodules are not predicted */
  readonly test: {
    /** fraction in 0..1 */
    readonly accuracy: number;
    /** seconds since 1970 */
    readonly time: number;
  } | null;
}

/** The figure of {@link TrackedFold.test}, for a tracker: it stands at the last epoch. */
export const testAccuracy = 'test/accuracy';

export interface TrackedFoldOptions {
  /** leaves out the epochs from here on, which will be trained again */
  readonly before?: number | undefined;
  /** whether the test is told of: one that is there may be of fewer epochs while the fold is trained. Default: yes */
  readonly tested?: boolean;
}

/**
 * Reads what trackers are told of a fold.
 *
 * @throws `RunFileError` for files that are not as they were written
 */
export async function readTrackedFold(
  run: string,
  record: RunRecord,
  fold: number,
  { before = Infinity, tested = true }: TrackedFoldOptions = {},
): Promise<TrackedFold> {
  const paths = foldPaths(run, fold);
  const found = await orMissing(readMetrics(paths.metrics));
  const epochs = (found?.epochs ?? []).filter(({ epoch }) => epoch < before);
  const times = timesOf(epochs, (await writtenAt(paths.metrics)) ?? 0);
  const tracked = epochs.map(({ epoch, ...line }, index) => ({
    epoch,
    time: at(times, index),
    numbers: numbersOf(line),
  }));
  const time = await writtenAt(paths.predictions);
  if (!tested || time === undefined) {
    return { fold, epochs: tracked, test: null };
  }
  // Those of fewer epochs than the run was given since count as missing.
  const predicted = await orMissing(
    readPredictions(paths, {
      run: runOrigin(record),
      undigested: record.formatVersion === 1,
    }),
  );
  if (predicted === undefined) return { fold, epochs: tracked, test: null };
  const right = accuracy(
    predicted.rows.map(({ label }) => label),
    predicted.rows.map(({ prediction }) => prediction),
  );
  return { fold, epochs: tracked, test: { accuracy: right, time } };
}

/** When each epoch ended, if the last one did when the log was written, and none waited. */
function timesOf(
  epochs: readonly EpochMetrics[],
  end: number,
): readonly number[] {
  const times: number[] = [];
  let time = end;
  for (const { secondsPerEpoch } of epochs.toReversed()) {
    times.unshift(time);
    time -= secondsPerEpoch;
  }
  return times;
}

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    throw error;
  }
}

/** Seconds since 1970; undefined for a file that is not there. */
export async function writtenAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs / 1000;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
