import { z } from 'zod';

import { augmentations } from './augmentations.js';
import { ExperimentError, issueError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';
import { needsOf, needsText } from './needs.js';
import { type Preset, type PresetName, presets } from './presets.js';
import type { Chosen } from './registry.js';

const count = z.int().min(1);
/** What is said of a module, where the preset says which. */
const options = z.looseObject({ use: z.string().optional() });
const chosen = z.looseObject({ use: z.string() });

type Options = Readonly<Record<string, unknown>> & {
  readonly use?: string | undefined;
};

const schemaOf = (preset: Preset) =>
  z.strictObject({
    preset: z.enum(Object.keys(presets) as [PresetName]).default('paper'),
    plugins: z
      .array(
        z.strictObject({
          file: z.string().min(1),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
        }),
      )
      .default([]),
    data: z
      .strictObject({
        subset: z.enum(['A', 'B', 'C']).default('A'),
        folds: z.int().min(2).default(5),
        validation: z.number().min(0).lt(1).default(0.2),
        targets: z.enum(['label', 'votes']).default('label'),
        attributes: z.enum(['eight', 'nine']).default(preset.attributes),
      })
      .prefault({}),
    image: options.extend({ embedding: count.default(512) }).optional(),
    head: options.optional(),
    text: options.extend({ train: z.boolean().optional() }).nullish(),
    prompt: options.nullish(),
    logitScale: z
      .strictObject({
        initial: z
          .number()
          .positive()
          .default(1 / 0.07),
        max: z.number().positive().nullable().default(preset.largestScale),
        learn: z.boolean().default(true),
      })
      .prefault({}),
    losses: z
      .array(chosen.extend({ weight: z.number().min(0).optional() }))
      .min(1)
      .optional(),
    optimizer: options.optional(),
    augment: z.array(chosen).default([]),
    training: z
      .strictObject({
        epochs: count.default(100),
        batchSize: z.int().min(2).default(32),
        learningRate: z.number().positive().default(1e-3),
        momentum: z.number().optional(),
        weightDecay: z.number().optional(),
        ema: z.number().min(0).lt(1).default(0.999),
        emaWarmup: z.boolean().default(false),
        seed: z.int().default(1),
      })
      .prefault({}),
  });

/**
 * Checks an experiment and fills in every default: what it says itself, else what its preset says. A resolved experiment
 * resolves to itself.
 *
 * @param modules that it can name, see `modulesWith`
 * @throws {@link ExperimentError} with the path of the first field that is wrong
 */
export function resolveExperiment(
  experiment: unknown,
  modules: Modules = builtInModules,
): ResolvedExperiment {
  const { plugins, ...written } = asObject(experiment);
  const preset = presetOf(written['preset']);
  const parsed = schemaOf(preset).safeParse({
    ...written,
    plugins: filesOf(plugins),
  });
  if (!parsed.success) throw issueError(parsed.error);
  const { data: found } = parsed;
  const { momentum, weightDecay, ...training } = found.training;

  const losses = (found.losses ?? preset.losses).map((loss, i) =>
    resolveLoss(loss, preset, modules, `losses[${i}]`),
  );
  expectOnce(losses, 'losses');
  const augment = found.augment.map((change, i) =>
    augmentations.resolve(change, `augment[${i}]`),
  );
  expectOnce(augment, 'augment');

  const withText = needsOf({ losses }, modules).some(needsText);
  const { embedding = 512, ...image } = found.image ?? preset.image;
  const { train, ...text } = found.text ?? preset.text;
  const { use, ...optimizer } = over(found.optimizer, preset.optimizer);
  return {
    preset: found.preset,
    plugins: found.plugins,
    data: found.data,
    image: {
      ...modules.image.resolve(over(image, preset.image), 'image'),
      embedding: embedding as number,
    },
    head: modules.head.resolve(over(found.head, preset.head), 'head'),
    text: withText
      ? {
          ...modules.text.resolve(over(text, preset.text), 'text'),
          train: (train as boolean | undefined) ?? preset.trainTower,
        }
      : null,
    prompt: withText
      ? modules.prompt.resolve(
          over(found.prompt ?? undefined, preset.prompt),
          'prompt',
        )
      : null,
    logitScale: expectWithin(found.logitScale),
    losses,
    optimizer: modules.optimizer.resolve(
      {
        use,
        ...optimizer,
        ...(momentum === undefined ? {} : { momentum }),
        ...(weightDecay === undefined ? {} : { weightDecay }),
      },
      found.optimizer === undefined ? 'training' : 'optimizer',
    ),
    augment,
    training,
  };
}

function asObject(experiment: unknown): Readonly<Record<string, unknown>> {
  const found = z.looseObject({}).safeParse(experiment);
  if (found.success) return found.data;
  throw issueError(found.error);
}

function presetOf(name: unknown): Preset {
  if (name === undefined) return presets.paper;
  if (typeof name === 'string' && Object.hasOwn(presets, name)) {
    return presets[name as PresetName];
  }
  throw new ExperimentError(
    'preset',
    `there is no preset ${JSON.stringify(name)}; known: ${Object.keys(presets).join(', ')}`,
  );
}

/** The plugins that are known by their files; a plugin that is an object has none. */
function filesOf(plugins: unknown): unknown {
  if (!Array.isArray(plugins)) return plugins;
  return plugins.filter(
    (entry: unknown) =>
      typeof entry !== 'object' || entry === null || 'sha256' in entry,
  );
}

/** What an experiment says of a module, over what the preset says of the same one. */
function over(given: Options | undefined, preset: Chosen): Chosen {
  const { use = preset.use, ...rest } = given ?? {};
  return use === preset.use ? { ...preset, ...rest } : { ...rest, use };
}

function resolveLoss(
  loss: Chosen,
  preset: Preset,
  modules: Modules,
  path: string,
): Chosen & { readonly weight: number } {
  const own = preset.losses.find(({ use }) => use === loss.use);
  const { weight = 1, ...rest } = { ...own, ...loss };
  return {
    ...modules.loss.resolve(rest, path),
    weight: weight as number,
  };
}

function expectOnce(list: readonly Chosen[], path: string): void {
  const twice = list.find(
    ({ use }, i) => list.findIndex((one) => one.use === use) !== i,
  );
  if (twice === undefined) return;
  throw new ExperimentError(path, `"${twice.use}" is there twice`);
}

function expectWithin(
  scale: ResolvedExperiment['logitScale'],
): ResolvedExperiment['logitScale'] {
  const { initial, max } = scale;
  if (max === null || initial <= max) return scale;
  throw new ExperimentError(
    'logitScale.initial',
    `is ${initial}, above logitScale.max, ${max}: from there nothing is learnt`,
  );
}
