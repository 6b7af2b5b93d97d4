import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { type ResolvedExperiment, resolveExperiment } from '@clip-lung/model';
import { createJiti } from 'jiti';

import { UsageError } from './exit-codes.js';
import { applyOverrides } from './overrides.js';

/**
 * Loads an experiment: a TypeScript or JavaScript file whose default export is one, or a JSON file, among them the
 * `experiment.json` of a run.
 *
 * @throws {@link UsageError} when there is no such file, or it has no experiment; `ExperimentError` for a wrong one
 */
export async function loadExperiment(
  file: string,
  overrides: readonly string[],
): Promise<ResolvedExperiment> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new UsageError(
      `${file}: there is no such file; give an experiment, such as experiments/clip-lung.ts`,
    );
  }
  const found = path.endsWith('.json')
    ? await fromJson(path, file)
    : await fromModule(path, file);
  return resolveExperiment(applyOverrides(found, overrides));
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
  return typeof json === 'object' && json !== null && 'experiment' in json
    ? json.experiment
    : json;
}

async function fromModule(path: string, file: string): Promise<unknown> {
  let found: unknown;
  try {
    found = await createJiti(import.meta.url).import(path, { default: true });
  } catch (error) {
    throw new UsageError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new UsageError(
      `${file}: has no default export that is an experiment; write: export default defineExperiment({ … })`,
    );
  }
  return found;
}
