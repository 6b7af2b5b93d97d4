import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import {
  asRecorded,
  type Modules,
  modulesWith,
  type ResolvedExperiment,
  resolveExperiment,
} from '@clip-lung/model';
import { expectRecordDigest, type KeptFiles } from '@clip-lung/run';
import { fileLimits, parseJsonText } from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';

import { ExperimentFileError } from './errors.js';
import { importFile } from './import-file.js';
import { keepPlugins } from './kept-plugins.js';
import { type LoadedPlugin, pluginEntries, runPlugin } from './load-plugins.js';
import { applyOverrides } from './overrides.js';
import { expectAllowed, type PluginPolicy } from './plugin-permission.js';
import { findPluginsToTrain, type pluginVersions } from './plugins-to-train.js';

/** An experiment, and the modules that it can name: the built-in ones, and those of its plugins. */
export interface LoadedExperiment {
  readonly experiment: ResolvedExperiment;
  readonly modules: Modules;
}

/** An experiment to train. */
export interface ExperimentToTrain extends LoadedExperiment {
  /** the sources of its plugins for the run to keep; null where there are none, or the run has them */
  readonly keep: KeptFiles | null;
}

export interface LoadOptions {
  /** `path=value`, from the command line */
  readonly overrides?: readonly string[];
  /** the run that is to be trained, which may have begun */
  readonly run: string;
  readonly plugins: (typeof pluginVersions)[number];
  readonly policy: PluginPolicy;
}

/**
 * Loads an experiment and its plugins: a TypeScript or JavaScript file whose default export is an experiment, or a JSON
 * file, among them the `experiment.json` of a run.
 *
 * The first is a program, and the plugins that it names are as much the user's as itself; so are those of `--set`. JSON is
 * data: its plugins, and the copies that a run keeps, run only where the policy allows it. Where a run has begun with the very
 * same files, they are known.
 *
 * @throws {@link ExperimentFileError} when there is no such file, or it has no experiment; `ExperimentError` for a wrong one, and
 *   for plugins that are none, or that are not those which a run was trained with; `PluginsNotAllowedError`
 */
export async function loadExperiment(
  file: string,
  { overrides = [], run, plugins, policy }: LoadOptions,
): Promise<ExperimentToTrain> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new ExperimentFileError(
      `${file}: there is no such file; give an experiment, such as experiments/clip-lung.ts`,
    );
  }
  const isData = path.endsWith('.json');
  const read = isData
    ? await fromJson(path, file)
    : await fromModule(path, file);
  const written = asObject(applyOverrides(read, overrides), file);
  const entries = pluginEntries(written['plugins']);
  const theirs: unknown = isData ? asObject(read, file)['plugins'] : [];
  const found = await findPluginsToTrain(entries, {
    ...{ run, plugins, folder: dirname(path) },
    isTheirs: (entry) => Array.isArray(theirs) && theirs.includes(entry),
  });
  // Copies that take the place of the user's own files are the run's, whatever the experiment is.
  const owner = found.isReplaced
    ? {
        owner: `the run ${run}`,
        otherwise: "or go on with today's files: --plugins current",
      }
    : { owner: file };
  expectAllowed(
    found.asked.map(({ sources }) => sources),
    owner,
    policy,
  );
  const ran: LoadedPlugin[] = [];
  for (const one of found.plugins) ran.push(await runPlugin(one));
  for (const note of new Set(found.notes)) policy.onNote(`note: ${note}`);
  const modules = modulesWith(ran.map(({ exported }) => exported));
  const { kept, records } = found.isKept
    ? { kept: null, records: found.plugins.map(({ record }) => record) }
    : keepPlugins(
        found.plugins.map(({ origin }, i) => ({
          ...origin,
          record: ran[i]?.record ?? origin.record,
        })),
      );
  const experiment = resolveExperiment(
    { ...written, plugins: records },
    modules,
  );
  return { experiment, modules, keep: kept };
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
  throw new ExperimentFileError(
    `${file}: has no experiment; a JSON file holds one as an object, a module as its default export: export default defineExperiment({ … })`,
  );
}

async function fromJson(path: string, file: string): Promise<unknown> {
  const bytes = await readFileUpTo(path, fileLimits.jsonBytes);
  let json: unknown;
  try {
    json = parseJsonText(bytes);
  } catch (error) {
    throw new ExperimentFileError(`${file}: is not JSON (${String(error)})`, {
      cause: error,
    });
  }
  // The record of a run holds its experiment beside what it ran on.
  if (typeof json !== 'object' || json === null || !('experiment' in json)) {
    return json;
  }
  expectRecordDigest(bytes, file);
  return asRecorded(asObject(json.experiment, file));
}

async function fromModule(path: string, file: string): Promise<unknown> {
  try {
    return await importFile(path);
  } catch (error) {
    throw new ExperimentFileError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
