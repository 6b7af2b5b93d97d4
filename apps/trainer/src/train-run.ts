import { hostname } from 'node:os';

import { type Dataset, splitFold } from '@clip-lung/data';
import { datasetDigest } from '@clip-lung/data/node';
import type { Engine } from '@clip-lung/engine';
import {
  augmenterOf,
  type Modules,
  type ResolvedExperiment,
  withDataset,
  withTower,
} from '@clip-lung/model';
import {
  type KeptFiles,
  type LockTimes,
  runFormatVersion,
} from '@clip-lung/run';
import { at } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

import { type MakeBatchSource } from './batch-source.js';
import { batchesAhead } from './batch-thread.js';
import { TrainingStoppedError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import {
  expectFolds,
  expectMargin,
  expectRates,
  expectRatings,
  expectValidation,
  expectVotes,
  foldsToTrain,
} from './fits-dataset.js';
import { type NoduleTable, noduleTable } from './nodule-table.js';
import { type NewRecord, type OpenedRun, withLockedFolds } from './open-run.js';
import type { FoldResult } from './fold-result.js';
import { trainFold } from './train-fold.js';
import { makeProgram, type TrainingProgram } from './training-program.js';

export interface TrainOptions {
  readonly experiment: ResolvedExperiment;
  /** those that the experiment was resolved with; default the built-in ones */
  readonly modules?: Modules | undefined;
  readonly dataset: Dataset;
  /** the run's folder; it is made */
  readonly out: string;
  /** which folds to train and test, counted from 0; by default all */
  readonly folds?: readonly number[] | undefined;
  /** go on with folds that were begun */
  readonly resume?: boolean | undefined;
  /** the sources of the experiment's plugins, for the run to keep */
  readonly keep?: KeptFiles | null | undefined;
  /** go on though the experiment's plugins are others than the run began with; the record says so */
  readonly replacePlugins?: boolean | undefined;
  readonly engine: Engine;
  /** null for an experiment without text */
  readonly tower: TextTower | null;
  /** versions to put on record, by name */
  readonly software: Readonly<Record<string, string>>;
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
  given: TrainOptions,
): Promise<readonly FoldResult[]> {
  const options = {
    ...given,
    experiment: withDataset(
      withTower(given.experiment, given.tower, given.modules),
      given.dataset.manifest,
    ),
  };
  const { experiment, modules, dataset, engine } = options;
  expectRatings(experiment, dataset, modules);
  expectVotes(experiment, dataset);
  expectValidation(experiment, dataset);
  expectMargin(experiment, dataset, modules);
  const folds = foldsToTrain(options);
  const classes = expectFolds(experiment, dataset, folds);
  const program = makeProgram(experiment, {
    engine,
    classes,
    ordered: dataset.manifest.classes.ordered,
    tower: options.tower,
    modules,
  });
  try {
    // Whatever does not fit is refused before anything is written.
    expectRates(experiment, dataset, { folds, schedule: program.schedule });
    const table = noduleTable(dataset, {
      classes: program.classes,
      size: program.model.cropSize,
      data: experiment.data,
      asked: program.model.fields,
    });
    await program.prepare();
    const record = recordOf(options);
    return await withLockedFolds({ ...options, record }, folds, (opened) =>
      trainFolds(options, opened, program, table),
    );
  } catch (error) {
    if (error !== given.signal?.reason || error === undefined) throw error;
    throw new TrainingStoppedError('stopped before its first step', {
      cause: error,
    });
  } finally {
    await program.release();
  }
}

async function trainFolds(
  options: TrainOptions,
  { locks, ...opened }: OpenedRun,
  program: TrainingProgram,
  table: NoduleTable,
): Promise<readonly FoldResult[]> {
  const { experiment, dataset, batches = batchesAhead } = options;
  const { out, resume = false, onEvent, signal } = options;
  const source = batches(table, augmenterOf(experiment, options.modules));
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

function recordOf({
  experiment,
  dataset,
  engine,
  tower,
  software,
}: TrainOptions): NewRecord {
  const { subset, folds } = experiment.data;
  const { collection, split, classes: known } = dataset.manifest;
  const { classes, train, validation, test } = splitFold(dataset, {
    ...experiment.data,
    fold: split.kind === 'own' ? 0 : at(dataset.nodules, 0, 'nodules').fold,
    seed: experiment.training.seed,
  });
  return {
    formatVersion: runFormatVersion,
    experiment: { ...experiment },
    data: {
      // A run's record knows no more than whether its nodules are LIDC-IDRI's own files, or simulated.
      collection,
      folder: dataset.folder,
      sha256: datasetDigest(dataset),
      nodules: train.length + validation.length + test.length,
      subset,
      folds,
    },
    text: tower?.kind ?? 'none',
    textModel: tower?.name ?? '',
    textSha256: tower?.sha256 ?? null,
    classes,
    ordered: known.ordered,
    engine: engine.name,
    device: engine.device,
    host: hostname(),
    software,
  };
}
