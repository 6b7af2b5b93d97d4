import { type Dataset, type Split, splitFold } from '@clip-lung/data';
import { cropSize } from '@clip-lung/lidc';
import {
  attributesIn,
  augmenterOf,
  ExperimentError,
  learningRateOf,
  type Modules,
  needsOf,
  type ResolvedExperiment,
} from '@clip-lung/model';
import type { Schedule } from '@clip-lung/optim';
import { at } from '@clip-lung/tensor';

import { TrainingError } from './errors.js';

/** @throws `ExperimentError` for attributes that the dataset does not have, where a loss is of attributes */
export function expectRatings(
  experiment: ResolvedExperiment,
  { folder, nodules, manifest: { attributes, collection } }: Dataset,
  modules?: Modules,
): void {
  const asking = needsOf(experiment, modules).find(({ needs }) =>
    needs.includes('attributes'),
  );
  if (asking === undefined) return;
  if (attributes.length < 2) {
    throw new ExperimentError(
      asking.path,
      `"${asking.use}" needs the readers' ratings of the attributes, and the dataset ${folder} (${collection}) has ${attributes.length === 0 ? 'none' : `"${attributes.join()}" alone, and two are needed`}; leave this loss out`,
    );
  }
  const { attributes: set } = experiment.data;
  const first = nodules[0];
  const isKnown = (name: string): boolean =>
    attributes.includes(name) ||
    (set === 'nine' &&
      name === 'malignancy' &&
      (first?.malignancy ?? first?.columns?.[name]) !== undefined);
  const lacking = attributesIn(set, attributes).filter(
    (name) => !isKnown(name),
  );
  if (lacking.length === 0) return;
  throw new ExperimentError(
    'data.attributes',
    `is ${JSON.stringify(set)}, and the dataset ${folder} has no ratings of ${lacking.join(', ')}; it has ${attributes.join(', ')}. Use "dataset" for all of these, or a list of some`,
  );
}

/** @throws `ExperimentError` for targets of votes where no reader rated malignancy */
export function expectVotes(
  { data }: ResolvedExperiment,
  { folder, manifest: { source, attributes, collection } }: Dataset,
): void {
  if (data.targets !== 'votes') return;
  if (source.name === 'lidc' && attributes.length > 0) return;
  throw new ExperimentError(
    'data.targets',
    `is "votes", and the dataset ${folder} (${collection}) has no readers' ratings to count; use "label"`,
  );
}

/** @throws `ExperimentError` for patience, or a metric of the best epoch, where no nodules are held out to tell by */
export function expectValidation(
  { data, training }: ResolvedExperiment,
  { nodules }: Pick<Dataset, 'nodules'>,
): void {
  const isHeldOut =
    data.validation > 0 || nodules.some(({ part }) => part === 'validation');
  if (isHeldOut) return;
  const asked = [
    ['patience', training.patience !== null],
    ['best', training.best !== 'accuracy'],
  ] as const;
  const path = asked.find(([, isAsked]) => isAsked)?.[0];
  if (path === undefined) return;
  throw new ExperimentError(
    `training.${path}`,
    `is ${JSON.stringify(training[path])}, and data.validation is 0, so no epoch is known to be better than another; set data.validation above 0, or leave training.${path} out`,
  );
}

/** Whether an experiment needs a dataset that is read with the margin of its crops. */
export function needsMargin(
  experiment: ResolvedExperiment,
  modules?: Modules,
): boolean {
  return augmenterOf(experiment, modules).margin > 0;
}

/** @throws `ExperimentError` for shifts beyond the margin of the dataset's crops */
export function expectMargin(
  experiment: ResolvedExperiment,
  { folder, manifest, crops }: Dataset,
  modules?: Modules,
): void {
  const needed = augmenterOf(experiment, modules).margin;
  const there = (at(crops.shape, 1) - cropSize) / 2;
  if (needed <= there) return;
  const shift = experiment.augment.findIndex(({ use }) => use === 'shift');
  const path = shift < 0 ? 'augment' : `augment[${shift}].voxels`;
  const inFiles = (manifest.crop.size - cropSize) / 2;
  if (needed <= inFiles) {
    throw new ExperimentError(
      path,
      `is ${needed}, and the crops of ${folder} were read without their margin of ${inFiles}; read the dataset with its margin`,
    );
  }
  throw new ExperimentError(
    path,
    `is ${needed}, and the crops of the dataset ${folder} have a margin of ${inFiles} voxels; prepare it again with --margin ${(cropSize + 2 * needed) / cropSize} or more, or leave out what shifts them`,
  );
}

/**
 * Which folds a run trains: those asked for, or all. A source with a split of its own is one fold.
 *
 * @throws `ExperimentError` when the dataset was divided otherwise, {@link TrainingError} for a fold that is not there
 */
export function foldsToTrain({
  experiment,
  dataset,
  folds,
}: {
  readonly experiment: ResolvedExperiment;
  readonly dataset: Dataset;
  readonly folds?: readonly number[] | undefined;
}): readonly number[] {
  const { split } = dataset.manifest;
  const own = split.kind === 'own';
  const total = own ? 1 : split.folds;
  if (!own && experiment.data.folds !== total) {
    throw new ExperimentError(
      'data.folds',
      `is ${experiment.data.folds}, the dataset ${dataset.folder} was prepared with ${total} folds; set it to ${total}, or prepare the dataset again`,
    );
  }
  for (const fold of folds ?? []) {
    if (Number.isInteger(fold) && fold >= 0 && fold < total) continue;
    throw new TrainingError(
      `there is no fold ${fold}; the dataset has the folds 0 to ${total - 1}`,
    );
  }
  return folds ?? Array.from({ length: total }, (_, fold) => fold);
}

/**
 * Divides every fold, so that one that cannot be trained is found before the folds in front of it are.
 *
 * @returns the classes, which are those of the subset, the same in every fold
 * @throws `OptionError` for a fold without nodules to train or to test on, {@link TrainingError} for one with fewer than a
 *   batch
 */
export function expectFolds(
  { data, training }: ResolvedExperiment,
  dataset: Dataset,
  folds: readonly number[],
): Split['classes'] {
  const [first] = folds.map((fold) => {
    const split = splitFold(dataset, { ...data, fold, seed: training.seed });
    countSteps(split, { ...training, fold });
    return split.classes;
  });
  if (first === undefined) {
    throw new TrainingError(
      'there are no folds to train; name one, or leave folds out',
    );
  }
  return first;
}

/**
 * Asks for the learning rates of every epoch of every fold, so that a schedule that does not fit them is found before anything is
 * written.
 *
 * @throws `ExperimentError` with the path of what is wrong
 */
export function expectRates(
  { data, training }: ResolvedExperiment,
  dataset: Dataset,
  {
    folds,
    schedule,
  }: { readonly folds: readonly number[]; readonly schedule: Schedule },
): void {
  const { seed, epochs } = training;
  for (const fold of folds) {
    const split = splitFold(dataset, { ...data, fold, seed });
    const stepsPerEpoch = countSteps(split, { ...training, fold });
    const rateAt = learningRateOf(schedule, training, stepsPerEpoch);
    for (let epoch = 0; epoch < epochs; epoch++) {
      rateAt(epoch * stepsPerEpoch);
      rateAt((epoch + 1) * stepsPerEpoch - 1);
    }
  }
}

/** How many steps an epoch of a fold has. @throws {@link TrainingError} where there is none */
export function countSteps(
  { train }: Split,
  {
    fold,
    batchSize,
    accumulate,
  }: {
    readonly fold: number;
    readonly batchSize: number;
    readonly accumulate: number;
  },
): number {
  const steps = Math.floor(train.length / (batchSize * accumulate));
  if (steps >= 1) return steps;
  const has = `fold ${fold} has ${train.length} nodules to learn from, fewer than`;
  throw new TrainingError(
    train.length < batchSize
      ? `${has} one batch of ${batchSize}; lower training.batchSize`
      : `${has} the ${accumulate} batches of ${batchSize} that make a step; lower training.accumulate, or training.batchSize`,
  );
}
