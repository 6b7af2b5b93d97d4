import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import {
  ExperimentError,
  isPluginFile,
  issueError,
  type PluginFile,
  pluginFile,
} from '@clip-lung/model';

import { expectSame } from './expect-same-plugin.js';
import { fileOf, importFile } from './import-file.js';
import { recordPlugin } from './plugin-sources.js';

/** A file of plugins: what it exports by default, and what a run remembers of it. */
export interface LoadedPlugin {
  readonly exported: unknown;
  readonly record: PluginFile;
}

/**
 * Loads what an experiment lists as its plugins: paths, seen from the experiment's own file; what such files export, where
 * the experiment imports them itself; or, in the record of a run, what it remembers of them. Of a run's plugins nothing is
 * run before every file that they import is known to be the same.
 *
 * @param experiment the path of the experiment's file
 * @throws `ExperimentError` with the place of a plugin whose file is missing, cannot be loaded, or has changed since the
 *   run was trained, itself or in what it imports
 */
export async function loadPlugins(
  plugins: unknown,
  experiment: string,
): Promise<readonly LoadedPlugin[]> {
  if (plugins === undefined) return [];
  if (!Array.isArray(plugins)) {
    throw new ExperimentError(
      'plugins',
      `is ${JSON.stringify(plugins)}, expected a list of files, such as ["./my-prompt.ts"]`,
    );
  }
  // One after the other: a file that two of them import is loaded once.
  const loaded: LoadedPlugin[] = [];
  for (const [i, entry] of plugins.entries()) {
    loaded.push(await loadPlugin(entry, `plugins[${i}]`, dirname(experiment)));
  }
  return loaded;
}

async function loadPlugin(
  entry: unknown,
  path: string,
  folder: string,
): Promise<LoadedPlugin> {
  const expected = isPluginFile(entry) ? recorded(entry, path) : undefined;
  const seenFrom = expected?.folder ?? folder;
  const file = resolve(seenFrom, expected?.file ?? fileOfEntry(entry, path));
  if (!existsSync(file)) {
    throw new ExperimentError(
      path,
      expected === undefined
        ? `there is no file ${file}`
        : `there is no file ${file}, which the run was trained with; put it back, or say in "folder" where its folder is now`,
    );
  }
  try {
    const record = await recordPlugin(file, seenFrom);
    if (expected !== undefined) expectSame(record, expected, path);
    return { exported: await importFile(file), record };
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    throw new ExperimentError(
      path,
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
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

function recorded(entry: unknown, path: string): PluginFile {
  const found = pluginFile.safeParse(entry);
  if (found.success) return found.data;
  throw issueError(found.error, { path, schema: pluginFile });
}
