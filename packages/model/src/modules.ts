import { augmentations } from './modules/augmentations.js';
import { heads } from './modules/heads.js';
import { imageEncoders } from './modules/image-encoders.js';
import { losses } from './modules/losses.js';
import { optimizers } from './modules/optimizers.js';
import { promptLearners } from './modules/prompt-learners.js';
import { schedules } from './modules/schedules.js';
import { textTowers } from './modules/text-towers.js';
import type { Registry } from './registry.js';

/** The modules that experiments know without plugins, by kind. */
export const builtInModules = {
  image: imageEncoders,
  head: heads,
  text: textTowers,
  prompt: promptLearners,
  loss: losses,
  optimizer: optimizers,
  schedule: schedules,
  augment: augmentations,
};

export type ModuleKind = keyof typeof builtInModules;

type Widened<R> =
  R extends Registry<infer Needs, infer Made, unknown>
    ? Registry<Needs, Made, unknown>
    : never;

/** All modules that an experiment can name: the built-in ones, and those of its plugins. */
export type Modules = {
  readonly [Kind in ModuleKind]: Widened<(typeof builtInModules)[Kind]>;
};
