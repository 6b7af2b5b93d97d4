import { z } from 'zod';

import { ExperimentError } from './errors.js';
import { builtInModules, type ModuleKind, type Modules } from './modules.js';
import { commonPromptOptions } from './modules/prompt-learners.js';
import type { Choice, Definition, Registry } from './registry.js';

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

/** From gradients to new parameters. The learning rate is given with every step: the schedule is the trainer's. */
export function defineOptimizer<
  const Name extends string,
  Options extends z.ZodType,
>(
  definition: DefinitionOf<'optimizer', Name, Options>,
): Plugin<'optimizer', Name, Options> {
  return { kind: 'optimizer', ...definition };
}

/**
 * The built-in modules and those of plugins.
 *
 * @param entries a file's default export each; a path must have been loaded first
 * @throws {@link ExperimentError} with the place of an entry that is no plugin, or whose name is taken
 */
export function modulesWith(entries: readonly unknown[] = []): Modules {
  return entries.reduce<Modules>((modules, entry, i) => {
    const path = `plugins[${i}]`;
    return asPlugins(entry, path).reduce(
      (known, plugin) => withPlugin(known, plugin, path),
      modules,
    );
  }, builtInModules);
}

function withPlugin(modules: Modules, plugin: Plugin, path: string): Modules {
  const { kind, ...definition } = plugin;
  const registry = modules[kind];
  if (registry.names.includes(definition.name)) {
    throw new ExperimentError(
      path,
      `there is a ${registry.kind} "${definition.name}" already; known: ${registry.names.join(', ')}. Give the plugin's another name`,
    );
  }
  // Of one kind both; TypeScript does not follow that through the union.
  const add = registry.add.bind(registry) as (
    definition: unknown,
  ) => typeof registry;
  return { ...modules, [kind]: add(definition) };
}

const kinds = Object.keys(builtInModules);

const form = z.object({
  kind: z.enum(kinds),
  name: z.string().min(1),
  options: z.custom<z.ZodType>(
    (options) =>
      typeof options === 'object' && options !== null && 'safeParse' in options,
    'expected a zod schema, such as z.strictObject({})',
  ),
  create: z.custom<() => unknown>(
    (create) => typeof create === 'function',
    'expected a function of the options',
  ),
});

/**
 * Whatever a plugin's file exports by default, as the plugins that it should be.
 *
 * @throws {@link ExperimentError} when it is none
 */
export function asPlugins(found: unknown, path: string): readonly Plugin[] {
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (list.length === 0) {
    throw new ExperimentError(path, `is an empty list; ${expected}`);
  }
  return list.map((one, i) => {
    if (form.safeParse(one).success) return one as Plugin;
    const where = Array.isArray(found) ? `entry ${i} of the list` : 'this';
    throw new ExperimentError(path, `${where} is ${whatIs(one)}; ${expected}`);
  });
}

const expected =
  'a plugin is made by definePrompt, defineLoss, defineHead, defineImageEncoder, defineTextTower or defineOptimizer: export default defineLoss({ name, options, create })';

function whatIs(found: unknown): string {
  if (found === undefined) return 'nothing (there is no default export)';
  if (typeof found === 'string') return `the path "${found}", not yet loaded`;
  if (typeof found !== 'object' || found === null) return typeof found;
  const [issue] = form.safeParse(found).error?.issues ?? [];
  return `no plugin: its "${issue?.path.join('.') ?? ''}" is wrong (${issue?.message ?? ''})`;
}

/** What an experiment may say of a module of some kind, for its plugins' sake. */
export type PluginChoice<
  Entries extends readonly PluginEntry[],
  Kind extends ModuleKind,
> = ChoiceOfEntry<Entries[number], Kind>;

type ChoiceOfEntry<Entry, Kind extends ModuleKind> = Entry extends string
  ? // A path: what its file defines is known only when it is loaded.
    { readonly use: string; readonly [option: string]: unknown }
  : Entry extends readonly (infer One)[]
    ? ChoiceOfPlugin<One, Kind>
    : ChoiceOfPlugin<Entry, Kind>;

type ChoiceOfPlugin<Entry, Kind extends ModuleKind> = Entry extends {
  readonly kind: Kind;
  readonly name: infer Name extends string;
  readonly options: infer Options extends z.ZodType;
}
  ? Choice<Name, Options>
  : never;
