import { at } from '@clip-lung/tensor';
import { z } from 'zod';

import { ExperimentError } from './errors.js';
import { builtInModules, type Modules } from './modules.js';
import type { Plugin } from './plugin.js';

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
      `there already is a ${registry.kind} "${definition.name}"; known: ${registry.names.join(', ')}. Give the plugin's another name`,
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
function asPlugins(found: unknown, path: string): readonly Plugin[] {
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
  'a plugin is made by definePrompt, defineLoss, defineHead, defineImageEncoder, defineTextTower, defineOptimizer, defineSchedule or defineAugmentation: export default defineLoss({ name, options, create })';

function whatIs(found: unknown): string {
  if (found === undefined) return 'nothing (there is no default export)';
  if (typeof found === 'string') return `the path "${found}", not yet loaded`;
  if (typeof found !== 'object' || found === null) return typeof found;
  const { error } = form.safeParse(found);
  if (error === undefined) throw new TypeError('a plugin was refused');
  const issue = at(error.issues, 0, 'issues');
  return `not a plugin: its "${issue.path.join('.')}" is wrong (${issue.message})`;
}
