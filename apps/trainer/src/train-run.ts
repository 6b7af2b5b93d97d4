import { type Dataset, splitFold } from '@clip-lung/data';
import type { Engine } from '@clip-lung/engine';
import {
  ExperimentError,
  losses as lossRegistry,
  type ResolvedExperiment,
} from '@clip-lung/model';
import {
  experimentDigest,
  listFolds,
  readRunRecord,
  type RunRecord,
  runFormatVersion,
  runPaths,
  writeRunRecord,
} from '@clip-lung/run';
import type { TextTower } from '@clip-lung/text-encoder';
import { readdir } from 'node:fs/promises';

import { TrainingError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import { trainFold } from './train-fold.js';
import { makeProgram } from './training-program.js';

export interface TrainOptions {
  readonly experiment: ResolvedExperiment;
  readonly dataset: Dataset;
  /** the run's folder; it is made */
  readonly out: string;
  /** which folds to train and test, counted from 0; by default all */
  readonly folds?: readonly number[] | undefined;
  /** go on with folds that were begun */
  readonly resume?: boolean | undefined;
  readonly engine: Engine;
  /** null for an experiment without text */
  readonly tower: TextTower | null;
  /** versions to put on record, by name */
  readonly software: Readonly<Record<string, string>>;
  readonly onEvent?: OnTrainingEvent | undefined;
  /** stops between two steps; the run can go on later with `resume` */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains and tests the folds of an experiment, one after the other, into a run folder.
 *
 * @throws {@link TrainingError} when the folder holds something else, or a fold that was begun and is not to go on
 */
export async function trainRun(options: TrainOptions): Promise<void> {
  const { experiment, dataset, out, resume = false, engine } = options;
  const { ratings, split, collection } = dataset.manifest;
  const own = split === 'own';
  const total = own ? 1 : dataset.manifest.options.folds;
  for (const [i, { weight: _, ...loss }] of experiment.losses.entries()) {
    const path = `losses[${i}]`;
    const { needs } = lossRegistry.create(loss, {}, path);
    if (ratings || !needs.includes('attributes')) continue;
    throw new ExperimentError(
      path,
      `"${loss.use}" needs the readers' ratings of the attributes, and the dataset ${dataset.folder} (${collection}) has none; leave this loss out`,
    );
  }
  if (!own && experiment.data.folds !== total) {
    throw new ExperimentError(
      'data.folds',
      `is ${experiment.data.folds}, the dataset ${dataset.folder} was prepared with ${total} folds; set it to ${total}, or prepare the dataset again`,
    );
  }
  const folds =
    options.folds ?? Array.from({ length: total }, (_, fold) => fold);
  for (const fold of folds) {
    if (!Number.isInteger(fold) || fold < 0 || fold >= total) {
      throw new TrainingError(
        `there is no fold ${fold}; the dataset has the folds 0 to ${total - 1}`,
      );
    }
  }
  // The classes are those of the subset, the same in every fold.
  const { classes } = splitFold(dataset, {
    ...experiment.data,
    fold: folds[0] ?? 0,
    seed: experiment.training.seed,
  });
  const program = makeProgram(experiment, {
    engine,
    classes,
    tower: options.tower,
  });
  await prepareFolder(options, folds, resume);
  try {
    for (const fold of folds) {
      await trainFold({
        experiment,
        dataset,
        program,
        out,
        fold,
        resume,
        onEvent: options.onEvent,
        signal: options.signal,
      });
    }
  } finally {
    await program.release();
  }
}

async function prepareFolder(
  options: TrainOptions,
  folds: readonly number[],
  resume: boolean,
): Promise<void> {
  const { experiment, out } = options;
  const present = await namesIn(out);
  if (present.length === 0) {
    await writeRunRecord(out, recordOf(options));
    return;
  }
  if (!present.includes('experiment.json')) {
    throw new TrainingError(
      `${out}: is not empty and holds no run (no experiment.json); choose another folder`,
    );
  }
  const earlier = await readRunRecord(out);
  if (
    experimentDigest({ ...earlier.experiment }) !==
    experimentDigest({ ...experiment })
  ) {
    throw new TrainingError(
      `${runPaths(out).experiment}: is another experiment than this one; choose another folder, or use that file's experiment`,
    );
  }
  const begun = (await listFolds(out)).filter((fold) => folds.includes(fold));
  if (begun.length > 0 && !resume) {
    throw new TrainingError(
      `${out}: fold ${begun.join(', ')} was begun already; give --resume to go on, or choose another folder`,
    );
  }
}

/** What is in a folder; nothing where there is none. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
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
      collection: collection === 'nodulemnist3d' ? 'other' : collection,
      folder: dataset.folder,
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
