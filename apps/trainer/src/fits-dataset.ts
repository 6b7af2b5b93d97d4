import type { Dataset } from '@clip-lung/data';
import {
  ExperimentError,
  type Modules,
  needsOf,
  type ResolvedExperiment,
} from '@clip-lung/model';

import { TrainingError } from './errors.js';

/** @throws `ExperimentError` for a loss of attributes where no reader rated them */
export function expectRatings(
  experiment: ResolvedExperiment,
  { folder, manifest: { ratings, collection } }: Dataset,
  modules?: Modules,
): void {
  if (ratings) return;
  for (const { path, use, needs } of needsOf(experiment, modules)) {
    if (!needs.includes('attributes')) continue;
    throw new ExperimentError(
      path,
      `"${use}" needs the readers' ratings of the attributes, and the dataset ${folder} (${collection}) has none; leave this loss out`,
    );
  }
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
  const { split, options } = dataset.manifest;
  const own = split === 'own';
  const total = own ? 1 : options.folds;
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
