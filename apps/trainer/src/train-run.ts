import { augmenterOf } from '@clip-lung/model';
import { type KeptFiles, type LockTimes } from '@clip-lung/run';

import { type MakeBatchSource } from './batch-source.js';
import { batchesAhead } from './batch-thread.js';
import { TrainingStoppedError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import type { FoldResult } from './fold-result.js';
import { type OpenedRun, withLockedFolds } from './open-run.js';
import {
  type PreparedRun,
  type RunOptions,
  withPreparedRun,
} from './prepare-run.js';
import { trainFold } from './train-fold.js';

export interface TrainOptions extends RunOptions {
  /** the run's folder; it is made */
  readonly out: string;
  /** go on with folds that were begun */
  readonly resume?: boolean | undefined;
  /** the sources of the experiment's plugins, for the run to keep */
  readonly keep?: KeptFiles | null | undefined;
  /** go on though the experiment's plugins are others than the run began with; the record says so */
  readonly replacePlugins?: boolean | undefined;
  /** how soon the lock of a process that is gone is taken over */
  readonly lock?: LockTimes | undefined;
  /** what makes the training batches; default a thread, ahead of the steps. Whatever makes them, they are the same */
  readonly batches?: MakeBatchSource | undefined;
  readonly onEvent?: OnTrainingEvent | undefined;
  /** stops after a step, and saves; the run can go on later with `resume` */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains and tests the folds of an experiment, one after the other, into a run folder.
 *
 * @throws {@link TrainingError} when the folder holds something else, a run of another experiment, dataset or text tower, or a
 *   fold that was begun and is not to go on; `FoldLockedError` when another process trains one of the folds;
 *   {@link TrainingStoppedError} when the signal has stopped it, after which it can go on
 * @returns what each fold came to, in their order
 */
export async function trainRun(
  options: TrainOptions,
): Promise<readonly FoldResult[]> {
  try {
    // Whatever does not fit is refused before anything is written.
    return await withPreparedRun(options, (prepared) =>
      withLockedFolds(
        { ...options, record: prepared.record },
        prepared.folds,
        (opened) => trainFolds(options, opened, prepared),
      ),
    );
  } catch (error) {
    if (error !== options.signal?.reason || error === undefined) throw error;
    throw new TrainingStoppedError('stopped before its first step', {
      cause: error,
    });
  }
}

async function trainFolds(
  options: TrainOptions,
  { locks, ...opened }: OpenedRun,
  { experiment, program, table }: PreparedRun,
): Promise<readonly FoldResult[]> {
  const { dataset, modules, batches = batchesAhead } = options;
  const { out, resume = false, onEvent, signal } = options;
  const source = batches(table, augmenterOf(experiment, modules));
  const results: FoldResult[] = [];
  try {
    for (const [fold, lock] of locks) {
      const fixed = { experiment, dataset, program, out, ...opened };
      const own = { ...fixed, table, source, fold, lock, resume };
      results.push(await trainFold({ ...own, onEvent, signal }));
    }
    return results;
  } finally {
    await source.close();
  }
}
