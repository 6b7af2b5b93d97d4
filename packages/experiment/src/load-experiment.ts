import {
  type Modules,
  modulesWith,
  type ResolvedExperiment,
  resolveExperiment,
} from '@clip-lung/model';
import type { KeptFiles } from '@clip-lung/run';

import {
  asExperiment,
  readExperimentFile,
  type WrittenExperiment,
} from './experiment-file.js';
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
  /** the run that is to be trained, which may have begun; without it, nothing has */
  readonly run?: string | undefined;
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
  { overrides = [], ...options }: LoadOptions,
): Promise<ExperimentToTrain> {
  const read = await readExperimentFile(file);
  const fields = asExperiment(applyOverrides(read.fields, overrides), file);
  return experimentToTrain({ ...read, fields }, options);
}

/**
 * Finds and runs the plugins of an experiment that was read, and resolves it.
 *
 * @throws as {@link loadExperiment}
 */
export async function experimentToTrain(
  { file, folder, fields, theirs }: WrittenExperiment,
  { run, plugins, policy }: Omit<LoadOptions, 'overrides'>,
): Promise<ExperimentToTrain> {
  const found = await findPluginsToTrain(pluginEntries(fields['plugins']), {
    ...{ run, plugins, folder },
    isTheirs: (entry) => theirs.includes(entry),
  });
  // Copies that take the place of the user's own files are the run's, whatever the experiment is.
  const owner = found.isReplaced
    ? {
        owner: `the run ${run ?? ''}`,
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
    { ...fields, plugins: records },
    modules,
  );
  return { experiment, modules, keep: kept };
}
