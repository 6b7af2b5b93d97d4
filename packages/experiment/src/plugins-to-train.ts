import { existsSync } from 'node:fs';

import { isPluginFile, type PluginFile } from '@clip-lung/model';
import { readRunRecord, runPaths } from '@clip-lung/run';

import { isSame } from './expect-same-plugin.js';
import { findNamed, pluginEntries } from './load-plugins.js';
import {
  asRecord,
  findRecorded,
  findToday,
  type FoundPlugin,
} from './recorded-plugin.js';
import { isSameProgram } from './same-program.js';

/** Which plugins a run goes on with: those that it keeps, or what their files are today. */
export const pluginVersions = ['kept', 'current'] as const;

type PluginVersion = (typeof pluginVersions)[number];

/** The plugins of an experiment, found and not yet run. */
export interface PluginsToTrain {
  readonly plugins: readonly FoundPlugin[];
  /** those of them that are not the user's own, and run only when he allows it */
  readonly asked: readonly FoundPlugin[];
  /** whether one of them is a run's copy in place of what the experiment names */
  readonly isReplaced: boolean;
  /** whether the run has them all already */
  readonly isKept: boolean;
  readonly notes: readonly string[];
}

/**
 * Finds the plugins that an experiment is trained with. Where the run has begun with the very same files, or the same
 * program, they are those that were given; where it has begun with others, the run's copies.
 *
 * @param entries the experiment's `plugins`
 */
export async function findPluginsToTrain(
  entries: readonly unknown[],
  {
    folder,
    run,
    plugins: version,
    isTheirs,
  }: {
    /** of the experiment */
    readonly folder: string;
    /** that is to be trained, and may have begun; without it, nothing has */
    readonly run?: string | undefined;
    readonly plugins: PluginVersion;
    /** whether an entry came as data, not from a program or the command line */
    readonly isTheirs: (entry: unknown) => boolean;
  },
): Promise<PluginsToTrain> {
  const begun = run === undefined ? [] : await begunWith(run);
  const plugins: FoundPlugin[] = [];
  const asked: FoundPlugin[] = [];
  const notes: string[] = [];
  let isReplaced = false;
  for (const [i, entry] of entries.entries()) {
    const place = `plugins[${i}]`;
    const given = await findEntry(entry, { place, folder, plugins: version });
    const before = begun.length === entries.length ? begun[i] : undefined;
    const chosen = await choose(given, before, { run, plugins: version });
    plugins.push(chosen.plugin);
    notes.push(...chosen.notes);
    isReplaced ||= !chosen.isGiven;
    if (!chosen.isGiven || isPluginFile(entry) || isTheirs(entry)) {
      asked.push(chosen.plugin);
    }
  }
  const isKept = plugins.every(({ record }) => begun.includes(record));
  return { plugins, asked, isReplaced, isKept, notes };
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
    readonly plugins: PluginVersion;
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
  {
    run,
    plugins,
  }: { readonly run: string | undefined; readonly plugins: PluginVersion },
): Promise<Choice> {
  const notes = given.changed.map(
    (file) => `${file} has changed since; the copy that a run keeps is used`,
  );
  if (before === undefined || run === undefined)
    return { plugin: given, isGiven: true, notes };
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
