import { type Dataset, splitFold } from '@clip-lung/data';
import type { Engine } from '@clip-lung/engine';
import {
  augmenterOf,
  type Modules,
  type ResolvedExperiment,
  withTower,
} from '@clip-lung/model';
import {
  experimentDigest,
  holdsOnlyKeptFiles,
  type KeptFiles,
  listFolds,
  readRunRecord,
  type RunRecord,
  runFormatVersion,
  writeKeptFiles,
  writeRunRecord,
} from '@clip-lung/run';
import type { TextTower } from '@clip-lung/text-encoder';
import { readdir } from 'node:fs/promises';

import { type MakeBatchSource } from './batch-source.js';
import { batchesAhead } from './batch-thread.js';
import { datasetDigest } from './dataset-digest.js';
import { TrainingError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import { expectSameRun } from './expect-same-run.js';
import {
  expectFolds,
  expectMargin,
  expectRatings,
  expectVotes,
  foldsToTrain,
} from './fits-dataset.js';
import { type NoduleTable, noduleTable } from './nodule-table.js';
import { replacedPlugins } from './replaced-plugins.js';
import { type FoldOptions, trainFold } from './train-fold.js';
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
  /** what makes the training batches; default a thread, ahead of the steps. Whatever makes them, they are the same */
  readonly batches?: MakeBatchSource | undefined;
  readonly onEvent?: OnTrainingEvent | undefined;
  /** stops between two steps; the run can go on later with `resume` */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains and tests the folds of an experiment, one after the other, into a run folder.
 *
 * @throws {@link TrainingError} when the folder holds something else, a run of another experiment, dataset or text tower, or a
 *   fold that was begun and is not to go on
 */
export async function trainRun(given: TrainOptions): Promise<void> {
  const options = {
    ...given,
    experiment: withTower(given.experiment, given.tower, given.modules),
  };
  const { experiment, modules, dataset, resume = false, engine } = options;
  expectRatings(experiment, dataset, modules);
  expectVotes(experiment, dataset);
  expectMargin(experiment, dataset, modules);
  const folds = foldsToTrain(options);
  const classes = expectFolds(experiment, dataset, folds);
  const program = makeProgram(experiment, {
    engine,
    classes,
    tower: options.tower,
    modules,
  });
  try {
    // Whatever does not fit is refused before anything is written.
    const table = noduleTable(dataset, {
      classes: program.classes,
      size: program.model.cropSize,
      data: experiment.data,
      asked: program.model.fields,
    });
    await program.prepare();
    const begun = await prepareFolder(options, folds, resume);
    await trainFolds({ ...options, ...begun }, folds, program, table);
  } finally {
    await program.release();
  }
}

async function trainFolds(
  options: TrainOptions & Begun,
  folds: readonly number[],
  program: TrainingProgram,
  table: NoduleTable,
): Promise<void> {
  const { experiment, dataset, batches = batchesAhead } = options;
  const { out, resume = false, digest, formerPlugins } = options;
  const { onEvent, signal } = options;
  const source = batches(table, augmenterOf(experiment, options.modules));
  try {
    for (const fold of folds) {
      const fixed = { experiment, digest, dataset, program, out };
      await trainFold({
        ...{ ...fixed, table, source, fold, resume, formerPlugins },
        ...{ onEvent, signal },
      });
    }
  } finally {
    await source.close();
  }
}

/** What a run was begun with, as its record has it. */
type Begun = Pick<FoldOptions, 'digest' | 'formerPlugins'>;

async function prepareFolder(
  options: TrainOptions,
  folds: readonly number[],
  resume: boolean,
): Promise<Begun> {
  const { out, keep = null, replacePlugins = false } = options;
  const present = await namesIn(out);
  const now = recordOf(options);
  if (present.length === 0 || (await holdsOnlyKeptFiles(out))) {
    // First, so that a record never names what is not there.
    if (keep !== null) await writeKeptFiles(out, keep);
    await writeRunRecord(out, now);
    return { digest: experimentDigest(now.experiment), formerPlugins: [] };
  }
  if (!present.includes('experiment.json')) {
    throw new TrainingError(
      `${out}: is not empty and holds no run (no experiment.json); choose another folder`,
    );
  }
  const earlier = await readRunRecord(out);
  const { plugins } = now.experiment;
  const replaced = replacePlugins
    ? { ...earlier, experiment: { ...earlier.experiment, plugins } }
    : earlier;
  expectSameRun(out, replaced, now);
  const begun = (await listFolds(out)).filter((fold) => folds.includes(fold));
  if (begun.length > 0 && !resume) {
    throw new TrainingError(
      `${out}: fold ${begun.join(', ')} was begun already; give --resume to go on, or choose another folder`,
    );
  }
  const digest = experimentDigest(replaced.experiment);
  const before = earlier.replacedPlugins ?? [];
  if (!replacePlugins) return { digest, formerPlugins: before };
  const formerPlugins = await replacedPlugins(out, earlier, now);
  if (formerPlugins.length === before.length) return { digest, formerPlugins };
  if (keep !== null) await writeKeptFiles(out, keep);
  await writeRunRecord(out, { ...replaced, replacedPlugins: formerPlugins });
  return { digest, formerPlugins };
}

/** What is in a folder; nothing where there is none. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error && error.code;
    if (code === 'ENOENT') return [];
    if (code !== 'ENOTDIR') throw error;
    throw new TrainingError(
      `${folder}: is a file, or lies in one; expected a folder, or the name of one to make`,
    );
  }
}

function recordOf({
  experiment,
  dataset,
  engine,
  tower,
  software,
}: TrainOptions): RunRecord {
  const { subset, folds } = experiment.data;
  const { collection, split } = dataset.manifest;
  const { classes, train, validation, test } = splitFold(dataset, {
    ...experiment.data,
    fold: split === 'own' ? 0 : (dataset.nodules[0]?.fold ?? 0),
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
    engine: engine.name,
    device: engine.device,
    software,
  };
}
