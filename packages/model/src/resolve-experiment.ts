import { z } from 'zod';

import { namesOfAttributes } from './attribute-names.js';
import { ExperimentError, issueError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { type ParsedExperiment, parseExperiment } from './experiment-schema.js';
import { builtInModules, type Modules } from './modules.js';
import { needsOf, needsText } from './needs.js';
import { isPluginFile } from './plugin-file.js';
import { type Preset, type PresetName, presets } from './presets.js';
import type { Chosen } from './registry.js';

type Options = Readonly<Record<string, unknown>> & {
  readonly use?: string | undefined;
};

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
  const found = parseExperiment(
    { ...written, plugins: filesOf(plugins) },
    preset,
  );
  const losses = (found.losses ?? preset.losses).map((loss, i) =>
    resolveLoss(loss, preset, modules, `losses[${i}]`),
  );
  expectOnce(losses, 'losses');
  expectWeight(losses);
  const augment = found.augment.map((change, i) =>
    modules.augment.resolve(change, `augment[${i}]`),
  );
  expectOnce(augment, 'augment');
  const withText = needsOf({ losses }, modules).some(needsText);
  return {
    preset: found.preset,
    plugins: found.plugins,
    data: found.data,
    image: resolveImage(found, preset, modules),
    head: modules.head.resolve(over(found.head, preset.head), 'head'),
    ...(withText
      ? resolveText(found, preset, modules)
      : { text: null, prompt: null }),
    logitScale: expectWithin(found.logitScale),
    losses,
    optimizer: resolveOptimizer(found, preset, modules),
    augment,
    training: trainingOf(found, preset, modules),
  };
}

/** The image encoder. D is no option of its own: it is the text tower's, where there is one. */
function resolveImage(
  { image: found }: ParsedExperiment,
  preset: Preset,
  modules: Modules,
): ResolvedExperiment['image'] {
  const { embedding = 512, ...image } = found ?? {};
  const resolved = modules.image.resolve(over(image, preset.image), 'image');
  return { ...resolved, embedding };
}

/** The text tower and the prompts. Whether the tower is learnt is no option of its own. */
function resolveText(
  { text: found, prompt, data }: ParsedExperiment,
  preset: Preset,
  modules: Modules,
): Pick<ResolvedExperiment, 'text' | 'prompt'> {
  const { train = preset.trainTower, ...text } = found ?? {};
  const tower = modules.text.resolve(over(text, preset.text), 'text');
  const words = modules.prompt.resolve(
    over(prompt ?? {}, preset.prompt),
    'prompt',
  );
  return {
    text: { ...tower, train },
    prompt: {
      ...words,
      attributeNames:
        words['attributeNames'] ??
        (data.attributes === 'dataset'
          ? null
          : namesOfAttributes(data.attributes, preset.attributeNames)),
    },
  };
}

/** What is the trainer's: momentum and weight decay are the optimiser's. */
function trainingOf(
  { training: { momentum, weightDecay, ...training } }: ParsedExperiment,
  preset: Preset,
  modules: Modules,
): ResolvedExperiment['training'] {
  return {
    ...training,
    schedule: modules.schedule.resolve(
      over(training.schedule, preset.schedule),
      'training.schedule',
    ),
  };
}

/** The optimiser, of which `training` may say the most usual options. */
function resolveOptimizer(
  { optimizer, training: { momentum, weightDecay } }: ParsedExperiment,
  preset: Preset,
  modules: Modules,
): Chosen {
  const usual = Object.entries({ momentum, weightDecay }).filter(
    ([, value]) => value !== undefined,
  );
  return modules.optimizer.resolve(
    { ...over(optimizer, preset.optimizer), ...Object.fromEntries(usual) },
    'optimizer',
    Object.fromEntries(usual.map(([key]) => [key, `training.${key}`])),
  );
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
      typeof entry !== 'object' || entry === null || isPluginFile(entry),
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
  throw new ExperimentError(path, `"${twice.use}" is listed twice`);
}

function expectWeight(losses: ResolvedExperiment['losses']): void {
  if (losses.some(({ weight }) => weight > 0)) return;
  throw new ExperimentError(
    'losses',
    'have no weight above 0, so nothing would be learnt; give one of them a weight',
  );
}

function expectWithin(
  scale: ResolvedExperiment['logitScale'],
): ResolvedExperiment['logitScale'] {
  const { initial, max } = scale;
  if (max === null || initial <= max) return scale;
  throw new ExperimentError(
    'logitScale.initial',
    `is ${initial}, above logitScale.max, ${max}, where nothing is learnt`,
  );
}
