import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { asRecorded } from '@clip-lung/model';
import { expectRecordDigest } from '@clip-lung/run';
import { fileLimits, parseJsonText } from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';

import { ExperimentFileError } from './errors.js';
import { importFile } from './import-file.js';

export type Fields = Readonly<Record<string, unknown>>;

/** An experiment as somebody wrote it: nothing is checked yet but that it is an object. */
export interface WrittenExperiment {
  /** as it was given, for messages */
  readonly file: string;
  /** from which its plugins' paths are seen */
  readonly folder: string;
  readonly fields: Fields;
  /** entries of `plugins` that came as data, and run only where that is allowed */
  readonly theirs: readonly unknown[];
}

/**
 * Reads an experiment file: TypeScript or JavaScript, which is run, or JSON, among them the `experiment.json` of a run.
 *
 * @throws {@link ExperimentFileError} when there is no such file, or it has no experiment
 */
export async function readExperimentFile(
  file: string,
): Promise<WrittenExperiment> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new ExperimentFileError(
      `${file}: there is no such file; give an experiment, such as experiments/clip-lung.ts`,
    );
  }
  const isData = path.endsWith('.json');
  const fields = isData
    ? await fromJson(path, file)
    : await fromModule(path, file);
  const plugins = fields['plugins'];
  return {
    file,
    folder: dirname(path),
    fields,
    theirs: isData && Array.isArray(plugins) ? plugins : [],
  };
}

/** @throws {@link ExperimentFileError} for what is not an object */
export function asExperiment(experiment: unknown, file: string): Fields {
  if (
    typeof experiment === 'object' &&
    experiment !== null &&
    !Array.isArray(experiment)
  ) {
    return experiment as Fields;
  }
  throw new ExperimentFileError(
    `${file}: has no experiment; a JSON file holds one as an object, a module as its default export: export default defineExperiment({ … })`,
  );
}

async function fromJson(path: string, file: string): Promise<Fields> {
  const bytes = await readFileUpTo(path, fileLimits.jsonBytes);
  let json: unknown;
  try {
    json = parseJsonText(bytes);
  } catch (error) {
    throw new ExperimentFileError(`${file}: is not JSON (${String(error)})`, {
      cause: error,
    });
  }
  const fields = asExperiment(json, file);
  // The record of a run holds its experiment beside what it ran on.
  if (!('experiment' in fields)) return fields;
  expectRecordDigest(bytes, file);
  return asRecorded(asExperiment(fields['experiment'], file));
}

async function fromModule(path: string, file: string): Promise<Fields> {
  let exported: unknown;
  try {
    exported = await importFile(path);
  } catch (error) {
    throw new ExperimentFileError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return asExperiment(exported, file);
}
