import { hostname } from 'node:os';

import { type Dataset, splitFold } from '@clip-lung/data';
import { datasetDigest } from '@clip-lung/data/node';
import type { Engine } from '@clip-lung/engine';
import {
  type Modules,
  type ResolvedExperiment,
  withDataset,
  withTower,
} from '@clip-lung/model';
import { runFormatVersion } from '@clip-lung/run';
import { at } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

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
import type { NewRecord } from './open-run.js';
import { makeProgram, type TrainingProgram } from './training-program.js';

/** An experiment, and what it is trained with. */
export interface RunOptions {
  readonly experiment: ResolvedExperiment;
  /** those that the experiment was resolved with; default the built-in ones */
  readonly modules?: Modules | undefined;
  readonly dataset: Dataset;
  /** which folds to train and test, counted from 0; by default all */
  readonly folds?: readonly number[] | undefined;
  readonly engine: Engine;
  /** null for an experiment without text */
  readonly tower: TextTower | null;
  /** versions to put on record, by name */
  readonly software: Readonly<Record<string, string>>;
}

/** A run that fits its dataset, and whose first step is ready. */
export interface PreparedRun extends FittingRun {
  readonly program: TrainingProgram;
  readonly table: NoduleTable;
}

/** A run that fits its dataset. */
export interface FittingRun {
  /** with what its tower and its dataset decide */
  readonly experiment: ResolvedExperiment;
  readonly folds: readonly number[];
  /** in the order of the logits */
  readonly classes: readonly string[];
  /** what the run would be recorded as if it began now */
  readonly record: NewRecord;
}

/**
 * Holds an experiment to its dataset, makes its modules, and traces its first step. Nothing is written.
 *
 * @throws as {@link fittingRun}, and `ExperimentError` for modules that do not fit together
 */
export async function withPreparedRun<T>(
  given: RunOptions,
  work: (prepared: PreparedRun) => Promise<T>,
): Promise<T> {
  const { modules, dataset, engine, tower } = given;
  const fitting = fittingRun(given);
  const { experiment, classes, folds } = fitting;
  const program = makeProgram(experiment, {
    ...{ engine, classes, tower, modules },
    ordered: dataset.manifest.classes.ordered,
  });
  try {
    expectRates(experiment, dataset, { folds, schedule: program.schedule });
    const table = noduleTable(dataset, {
      classes: program.classes,
      size: program.model.cropSize,
      data: experiment.data,
      asked: program.model.fields,
    });
    await program.prepare();
    return await work({ ...fitting, program, table });
  } finally {
    await program.release();
  }
}

/**
 * Holds an experiment to its dataset. No module of it is made.
 *
 * @throws `ExperimentError` for what does not fit, `TrainingError` for a fold that is not there
 */
export function fittingRun(given: RunOptions): FittingRun {
  const { modules, dataset, tower } = given;
  const experiment = withDataset(
    withTower(given.experiment, tower, modules),
    dataset.manifest,
  );
  expectRatings(experiment, dataset, modules);
  expectVotes(experiment, dataset);
  expectValidation(experiment, dataset);
  expectMargin(experiment, dataset, modules);
  const folds = foldsToTrain({ ...given, experiment });
  const classes = expectFolds(experiment, dataset, folds);
  const record = recordOf({ ...given, experiment });
  return { experiment, folds, classes, record };
}

function recordOf({
  experiment,
  dataset,
  engine,
  tower,
  software,
}: RunOptions): NewRecord {
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
