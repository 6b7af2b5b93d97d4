import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { ExperimentError, type PluginFile } from '@clip-lung/model';

import { fileOf, importFile } from './import-file.js';

/** A file of plugins: what it exports by default, and what a run remembers of it. */
export interface LoadedPlugin {
  readonly exported: unknown;
  readonly record: PluginFile;
}

/**
 * Loads what an experiment lists as its plugins: paths, seen from the experiment's own file; what such files export, where
 * the experiment imports them itself; or, in the record of a run, files with their SHA-256.
 *
 * @param experiment the path of the experiment's file
 * @throws `ExperimentError` with the place of a plugin whose file is missing, cannot be loaded, or has changed since the
 *   run was trained
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
  const file = fileOfEntry(entry, path, folder);
  if (!existsSync(file)) {
    throw new ExperimentError(path, `there is no file ${file}`);
  }
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const expected = recorded(entry)?.sha256;
  if (expected !== undefined && expected !== sha256) {
    throw new ExperimentError(
      path,
      `${file} is not the file that the run was trained with: its SHA-256 is ${sha256}, expected ${expected}. Put that version back, or train again`,
    );
  }
  try {
    return { exported: await importFile(file), record: { file, sha256 } };
  } catch (error) {
    throw new ExperimentError(
      path,
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function fileOfEntry(entry: unknown, path: string, folder: string): string {
  const record = recorded(entry);
  if (record !== undefined) return record.file;
  if (typeof entry === 'string') return resolve(folder, entry);
  const file = fileOf(entry);
  if (file !== undefined) return file;
  throw new ExperimentError(
    path,
    'no file exports this by default, so a run could not find it again; export it by default from a file of its own, or give that file: "./my-prompt.ts"',
  );
}

function recorded(entry: unknown): PluginFile | undefined {
  const fields = entry as Partial<PluginFile> | null | undefined;
  return typeof fields?.file === 'string' && typeof fields.sha256 === 'string'
    ? { file: fields.file, sha256: fields.sha256 }
    : undefined;
}
