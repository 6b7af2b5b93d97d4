import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import {
  isPluginFile,
  type Modules,
  modulesWith,
  type PluginFile,
  type ResolvedExperiment,
  resolveExperiment,
} from '@clip-lung/model';
import { type KeptFiles, readRunRecord, runPaths } from '@clip-lung/run';

import { UsageError } from './exit-codes.js';
import { isSame } from './expect-same-plugin.js';
import { importFile } from './import-file.js';
import { keepPlugins } from './kept-plugins.js';
import {
  findNamed,
  type LoadedPlugin,
  pluginEntries,
  runPlugin,
} from './load-plugins.js';
import { applyOverrides } from './overrides.js';
import { expectAllowed, type PluginPolicy } from './plugin-permission.js';
import {
  asRecord,
  findRecorded,
  findToday,
  type FoundPlugin,
} from './recorded-plugin.js';
import { isSameProgram } from './same-program.js';

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

/** Which plugins a run goes on with: those that it keeps, or what their files are today. */
export const pluginVersions = ['kept', 'current'] as const;

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
 * @throws {@link UsageError} when there is no such file, or it has no experiment; `ExperimentError` for a wrong one, and
 *   for plugins that are none, or that are not those which a run was trained with; `PluginsNotAllowedError`
 */
export async function loadExperiment(
  file: string,
  { overrides = [], run, plugins, policy }: LoadOptions,
): Promise<ExperimentToTrain> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new UsageError(
      `${file}: there is no such file; give an experiment, such as experiments/clip-lung.ts`,
    );
  }
  const isData = path.endsWith('.json');
  const found = isData
    ? await fromJson(path, file)
    : await fromModule(path, file);
  const written = asObject(applyOverrides(found, overrides), file);
  const entries = pluginEntries(written['plugins']);
  const theirs: unknown = isData ? asObject(found, file)['plugins'] : [];
  const begun = await begunWith(run);

  const loaded: FoundPlugin[] = [];
  const asked: FoundPlugin[] = [];
  const notes: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const place = `plugins[${i}]`;
    const one = await findEntry(entry, {
      place,
      folder: dirname(path),
      plugins,
    });
    const before = begun.length === entries.length ? begun[i] : undefined;
    const chosen = await choose(one, before, { run, plugins });
    const isOwn =
      chosen.isGiven &&
      !isPluginFile(entry) &&
      !(Array.isArray(theirs) && theirs.includes(entry));
    loaded.push(chosen.plugin);
    notes.push(...chosen.notes);
    if (!isOwn) asked.push(chosen.plugin);
  }
  const isReplaced = asked.some(({ record }) => begun.includes(record));
  expectAllowed(
    asked.map(({ sources }) => sources),
    isReplaced && !isData
      ? {
          owner: `the run ${run}`,
          otherwise: `${notes.join('; ')}`,
        }
      : { owner: isData ? file : `the run ${run}` },
    policy,
  );
  const ran: LoadedPlugin[] = [];
  for (const one of loaded) ran.push(await runPlugin(one));
  for (const note of new Set(notes)) policy.onNote(`note: ${note}`);
  const modules = modulesWith(ran.map(({ exported }) => exported));
  const isKept = loaded.every(({ record }) => begun.includes(record));
  const { kept, records } = isKept
    ? { kept: null, records: loaded.map(({ record }) => record) }
    : keepPlugins(
        loaded.map(({ origin }, i) => ({
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

async function findEntry(
  entry: unknown,
  {
    place,
    folder,
    plugins,
  }: {
    readonly place: string;
    readonly folder: string;
    readonly plugins: LoadOptions['plugins'];
  },
): Promise<FoundPlugin> {
  if (!isPluginFile(entry)) return findNamed(entry, folder, place);
  return plugins === 'current'
    ? findToday(entry, place)
    : findRecorded(entry, folder, place);
}

/** The plugin that was given, or, where a run has begun with another version of it, that one. */
async function choose(
  given: FoundPlugin,
  before: PluginFile | undefined,
  { run, plugins }: Pick<LoadOptions, 'run' | 'plugins'>,
): Promise<Choice> {
  const notes = given.changed.map(
    (file) => `${file} has changed since; the copy that a run keeps is used`,
  );
  if (before === undefined) return { plugin: given, isGiven: true, notes };
  const known = { plugin: { ...given, record: before }, isGiven: true };
  if (isSame(given.sources.record, before)) return { ...known, notes };
  // Of another name it is another plugin: the trainer says in what the experiments differ.
  if (plugins === 'current' || given.record.file !== before.file) {
    return { plugin: given, isGiven: true, notes };
  }
  const kept = await findRecorded(before, run, given.path);
  const [file = ''] = given.sources.files.keys();
  const changed = kept.changed.length > 0 ? kept.changed : [file];
  const said = (what: string) => changed.map((one) => `${one} ${what}`);
  if (isSameProgram(given.sources, kept.sources)) {
    return {
      ...known,
      notes: said(
        'has changed since the run began, in comments or layout alone',
      ),
    };
  }
  return {
    plugin: { ...kept, record: before },
    isGiven: false,
    notes: said(
      "has changed since the run began, which goes on with its own copy (--plugins current takes today's)",
    ),
  };
}

/** What is run of a plugin. */
interface Choice {
  readonly plugin: FoundPlugin;
  /** whether it is the one that was given, and not the copy that the run keeps */
  readonly isGiven: boolean;
  readonly notes: readonly string[];
}

/** The plugins of a run that has begun; none where it has not. */
async function begunWith(run: string): Promise<readonly PluginFile[]> {
  if (!existsSync(runPaths(run).experiment)) return [];
  const { experiment } = await readRunRecord(run);
  return pluginEntries(experiment['plugins']).map((entry, i) =>
    asRecord(entry, `plugins[${i}]`),
  );
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
  return typeof json === 'object' && json !== null && 'experiment' in json
    ? json.experiment
    : json;
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
