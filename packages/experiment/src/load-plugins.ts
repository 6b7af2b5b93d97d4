import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import {
  ExperimentError,
  type PluginFile,
  type PluginModule,
} from '@clip-lung/model';

import { fileOf, importFile } from './import-file.js';
import { originOf } from './kept-plugins.js';
import { findSources } from './plugin-sources.js';
import { type FoundPlugin, inPlace } from './recorded-plugin.js';

/** A plugin that was run: what its file exports by default, and what a run remembers of it. */
export interface LoadedPlugin {
  readonly exported: unknown;
  readonly record: PluginFile;
}

/**
 * The `plugins` of an experiment as a list.
 *
 * @throws `ExperimentError` for what is none
 */
export function pluginEntries(plugins: unknown): readonly unknown[] {
  if (plugins === undefined) return [];
  if (Array.isArray(plugins)) return plugins as readonly unknown[];
  throw new ExperimentError(
    'plugins',
    `is ${JSON.stringify(plugins)}, expected a list of files, such as ["./my-prompt.ts"]`,
  );
}

/**
 * Finds a plugin that an experiment names: a path, seen from the experiment's folder, or what such a file exports, where the
 * experiment imports it itself.
 *
 * @throws `ExperimentError` when there is no such file, or its imports cannot be read
 */
export async function findNamed(
  entry: unknown,
  folder: string,
  path: string,
): Promise<FoundPlugin> {
  const file = resolve(folder, fileOfEntry(entry, path));
  if (!existsSync(file)) {
    throw new ExperimentError(path, `there is no file ${file}`);
  }
  const sources = await inPlace(path, file, () => findSources(file, folder));
  return {
    path,
    sources,
    record: sources.record,
    origin: originOf(sources),
    changed: [],
  };
}

/**
 * Runs a plugin that may run.
 *
 * @throws `ExperimentError` with its place when it cannot be loaded
 */
export async function runPlugin({
  path,
  record,
  sources,
  aliases,
}: FoundPlugin): Promise<LoadedPlugin> {
  const [file = ''] = sources.files.keys();
  const exported = await inPlace(path, file, () => importFile(file, aliases));
  return { exported, record: { ...record, modules: modulesOf(exported) } };
}

/** What a file exports, by the names that experiments use. What is no plugin is left to `modulesWith`, which says so. */
function modulesOf(exported: unknown): readonly PluginModule[] {
  const list: readonly unknown[] = Array.isArray(exported)
    ? exported
    : [exported];
  return list.flatMap((one) =>
    typeof one === 'object' && one !== null && 'kind' in one && 'name' in one
      ? [{ kind: String(one.kind), name: String(one.name) }]
      : [],
  );
}

function fileOfEntry(entry: unknown, path: string): string {
  if (typeof entry === 'string') return entry;
  const file = fileOf(entry);
  if (file !== undefined) return file;
  throw new ExperimentError(
    path,
    'no file exports this by default, so a run could not find it again; export it by default from a file of its own, or give that file: "./my-prompt.ts"',
  );
}
