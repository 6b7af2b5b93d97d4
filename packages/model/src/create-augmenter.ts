import {
  type Augmentation,
  type Augmenter,
  createAugmenter,
} from '@clip-lung/augment';

import { within } from './checked-modules.js';
import { ExperimentError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';

const kinds: readonly string[] = [
  'crop',
  'image',
  'batch',
] satisfies readonly Augmentation['kind'][];

/**
 * What an experiment does to training examples, as one.
 *
 * @param modules those that the experiment was resolved with; default the built-in ones
 * @throws {@link ExperimentError} with the path of an augmentation that is not one, or does not go with the others
 */
export function augmenterOf(
  { augment }: Pick<ResolvedExperiment, 'augment'>,
  modules: Modules = builtInModules,
): Augmenter {
  const all = augment.map((chosen, i) => {
    const path = `augment[${i}]`;
    const made = modules.augment.create(chosen, {}, path);
    expectAugmentation(made, chosen.use, path);
    return made;
  });
  return within('augment', () => createAugmenter(all));
}

/** Types promise an augmentation; a plugin in JavaScript promises nothing. */
function expectAugmentation(
  made: Augmentation,
  use: string,
  path: string,
): void {
  if (made.name !== use) {
    throw new ExperimentError(
      path,
      `makes an augmentation named "${made.name}", expected "${use}": its random numbers are drawn by its name`,
    );
  }
  if (!kinds.includes(made.kind)) {
    throw new ExperimentError(
      path,
      `is of the kind "${made.kind}", expected ${kinds.join(', ')}`,
    );
  }
  if (
    made.kind === 'crop' &&
    !(Number.isInteger(made.margin) && made.margin >= 0)
  ) {
    throw new ExperimentError(
      path,
      `its margin is ${made.margin}, expected a whole number of voxels from 0`,
    );
  }
}
