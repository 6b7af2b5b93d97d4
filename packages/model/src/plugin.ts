import { z } from 'zod';

import { ExperimentError } from './errors.js';

import type { ModuleKind, Modules } from './modules.js';
import { commonPromptOptions } from './modules/prompt-learners.js';
import type { Definition, Registry } from './registry.js';

/** What a kind's modules are made with, and what is made. */
type KindOf<Kind extends ModuleKind> =
  Modules[Kind] extends Registry<infer Needs, infer Made, unknown>
    ? { readonly needs: Needs; readonly made: Made }
    : never;

/** What a plugin says of its module: a name, a zod schema of its options, and how it is made of them. */
type DefinitionOf<
  Kind extends ModuleKind,
  Name extends string,
  Options extends z.ZodType,
> = Definition<Name, Options, KindOf<Kind>['needs'], KindOf<Kind>['made']>;

/** A module of a researcher's own. A file of plugins exports one, or a list of them, by default. */
export type Plugin<
  Kind extends ModuleKind = ModuleKind,
  Name extends string = string,
  Options extends z.ZodType = z.ZodType,
> = Kind extends ModuleKind
  ? { readonly kind: Kind } & DefinitionOf<Kind, Name, Options>
  : never;

/** What `plugins` of an experiment lists: a file, seen from the experiment's own, or what such a file exports. */
export type PluginEntry = string | Plugin | readonly Plugin[];

/** From a crop to feature maps and channel-group features. `needs.embedding` is D, which the text tower decides. */
export function defineImageEncoder<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'image', Name, Options>,
): Plugin<'image', Name, Options> {
  return { kind: 'image', ...definition };
}

/** From feature maps [B, G, 8, 8] to logits [B, K]. */
export function defineHead<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'head', Name, Options>,
): Plugin<'head', Name, Options> {
  return { kind: 'head', ...definition };
}

/** A CLIP text tower in host memory. One whose weights mean nothing says so: `kind: 'random'`. */
export function defineTextTower<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'text', Name, Options>,
): Plugin<'text', Name, Options> {
  return { kind: 'text', ...definition };
}

/** What the options of a prompt learner are once the templates are added. */
type WithTemplates<Shape extends z.core.$ZodLooseShape> = z.ZodObject<
  Shape & typeof commonPromptOptions,
  z.core.$strict
>;

/** Context vectors [B, T, W] of channel-group features. The templates are options of every learner, and come by themselves. */
export function definePrompt<
  const Name extends string,
  Shape extends z.core.$ZodLooseShape,
>({
  options,
  ...rest
}: Omit<DefinitionOf<'prompt', Name, WithTemplates<Shape>>, 'options'> & {
  readonly options: z.ZodObject<Shape>;
}): Plugin<'prompt', Name, WithTemplates<Shape>> {
  const taken = Object.keys(commonPromptOptions).find(
    (option) => option in options.shape,
  );
  if (taken !== undefined) {
    throw new ExperimentError(
      'prompt',
      `the prompt learner "${rest.name}" has an option "${taken}", which every prompt learner has already; give it another name`,
    );
  }
  const shape = { ...options.shape, ...commonPromptOptions };
  return { kind: 'prompt', options: z.strictObject(shape), ...rest };
}

/** A term of the objective: a scalar. Its weight is no option of its own, but of every loss. */
export function defineLoss<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'loss', Name, Options>,
): Plugin<'loss', Name, Options> {
  return { kind: 'loss', ...definition };
}

/** A seeded change of training examples: of how crops are looked at, of images, or of a batch. Its `name` is the module's. */
export function defineAugmentation<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'augment', Name, Options>,
): Plugin<'augment', Name, Options> {
  return { kind: 'augment', ...definition };
}

/** The learning rate of every step, as a pure function of the step and of what the training is: base, steps, stepsPerEpoch, epochs. */
export function defineSchedule<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'schedule', Name, Options>,
): Plugin<'schedule', Name, Options> {
  return { kind: 'schedule', ...definition };
}

/** From gradients to new parameters. The learning rate is given with every step: the schedule is another module. */
export function defineOptimizer<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'optimizer', Name, Options>,
): Plugin<'optimizer', Name, Options> {
  return { kind: 'optimizer', ...definition };
}
