import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import {
  asRecorded,
  type Modules,
  modulesWith,
  type ResolvedExperiment,
  resolveExperiment,
} from '@clip-lung/model';

import { UsageError } from './exit-codes.js';
import { loadPlugins } from './load-plugins.js';
import { applyOverrides } from './overrides.js';
import { importFile } from './import-file.js';

/** An experiment, and the modules that it can name: the built-in ones, and those of its plugins. */
export interface LoadedExperiment {
  readonly experiment: ResolvedExperiment;
  readonly modules: Modules;
}

/**
 * Loads an experiment and its plugins: a TypeScript or JavaScript file whose default export is an experiment, or a JSON
 * file, among them the `experiment.json` of a run.
 *
 * @throws {@link UsageError} when there is no such file, or it has no experiment; `ExperimentError` for a wrong one, and
 *   for plugins that are none, or that are not those which a run was trained with
 */
export async function loadExperiment(
  file: string,
  overrides: readonly string[],
): Promise<LoadedExperiment> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new UsageError(
      `${file}: there is no such file; give an experiment, such as experiments/clip-lung.ts`,
    );
  }
  const found = path.endsWith('.json')
    ? await fromJson(path, file)
    : await fromModule(path, file);
  const written = asObject(applyOverrides(found, overrides), file);
  const plugins = await loadPlugins(written['plugins'], path);
  const modules = modulesWith(plugins.map(({ exported }) => exported));
  const experiment = resolveExperiment(
    { ...written, plugins: plugins.map(({ record }) => record) },
    modules,
  );
  return { experiment, modules };
}

function asObject(
  experiment: unknown,
  file: string,
): Readonly<Record<string, unknown>> {
  if (
    typeof experiment === 'object' &&
    experiment !== null &&
    !Array.isArray(experiment)
  ) {
    return experiment as Readonly<Record<string, unknown>>;
  }
  throw new UsageError(
    `${file}: has no experiment; a JSON file holds one as an object, a module as its default export: export default defineExperiment({ … })`,
  );
}

async function fromJson(path: string, file: string): Promise<unknown> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: is no JSON (${String(error)})`, {
      cause: error,
    });
  }
  // The record of a run holds its experiment beside what it ran on.
  if (typeof json !== 'object' || json === null || !('experiment' in json)) {
    return json;
  }
  return asRecorded(asObject(json.experiment, file));
}

async function fromModule(path: string, file: string): Promise<unknown> {
  try {
    return await importFile(path);
  } catch (error) {
    throw new UsageError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
