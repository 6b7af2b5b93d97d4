import {
  builtInModules,
  ExperimentError,
  type ModuleKind,
  modulesWith,
  needsOf,
  needsText,
  type PluginFile,
  resolveExperiment,
  type ResolvedExperiment,
} from '@clip-lung/model';
import type { RunRecord } from '@clip-lung/run';

import type { LoadedExperiment } from './load-experiment.js';
import { type LoadedPlugin, pluginEntries, runPlugin } from './load-plugins.js';
import { expectAllowed, type PluginPolicy } from './plugin-permission.js';
import { asRecord, findRecorded, type FoundPlugin } from './recorded-plugin.js';

/** What classifies: the parts of a model that are needed, and no others. */
export type Purpose = 'head' | 'texts';

type Written = Readonly<Record<string, unknown>>;

const kindsFor: Readonly<Record<Purpose, readonly ModuleKind[]>> = {
  head: ['image', 'head'],
  texts: ['image', 'head', 'text', 'prompt'],
};

/**
 * The experiment of a run, as far as classifying needs it. Of the plugins that the record lists, those alone are run that
 * define a module which is needed, from the run's own copies, and only where the policy allows it.
 *
 * @param run the run's folder
 * @throws `PluginsNotAllowedError`; `ExperimentError` for a record that names what is not there
 */
export async function loadRunExperiment(
  run: string,
  record: RunRecord,
  purpose: Purpose,
  policy: PluginPolicy,
): Promise<LoadedExperiment> {
  const { experiment } = record;
  const plugins = pluginEntries(experiment['plugins']).map((entry, i) =>
    asRecord(entry, `plugins[${i}]`),
  );
  const lacking = kindsFor[purpose].flatMap((kind) => {
    const name = useOf(experiment, kind);
    const known = builtInModules[kind].names.includes(name);
    return known ? [] : [{ kind, name }];
  });
  const found: FoundPlugin[] = [];
  for (const [i, plugin] of plugins.entries()) {
    if (!lacking.some((module) => mayDefine(plugin, module))) continue;
    found.push(await findRecorded(plugin, run, `plugins[${i}]`));
  }
  const sources = found.map((one) => one.sources);
  expectAllowed(sources, { owner: `the run ${run}` }, policy);
  const ran: LoadedPlugin[] = [];
  for (const one of found) ran.push(await runPlugin(one));
  for (const changed of new Set(found.flatMap((one) => one.changed))) {
    policy.onNote(
      `note: ${changed} has changed since the run was trained; the run's own copy is used`,
    );
  }
  const modules = modulesWith(ran.map(({ exported }) => exported));
  const needed = { ...needful(experiment, purpose), plugins };
  return { experiment: resolveExperiment(needed, modules), modules };
}

/** A record that does not say what its plugins define may mean any of them. */
function mayDefine(
  { modules }: PluginFile,
  wanted: { readonly kind: string; readonly name: string },
): boolean {
  return (
    modules?.some(
      ({ kind, name }) => kind === wanted.kind && name === wanted.name,
    ) ?? true
  );
}

/** Losses, optimisers, schedules and augmentations are over once a model is trained. */
function needful(experiment: Written, purpose: Purpose): Written {
  const { losses, training } = experiment;
  const own = {
    ...{ ...experiment, optimizer: undefined, augment: undefined },
    training: { ...(training as Written), schedule: undefined },
  };
  return purpose === 'head'
    ? {
        ...{ ...own, text: null, prompt: null },
        losses: [{ use: 'cross-entropy' }],
      }
    : { ...own, losses: lossesWithText(losses) };
}

/** Those that are built in; a model has texts where one of them compares images with texts. */
function lossesWithText(losses: unknown): ResolvedExperiment['losses'] {
  const known = (Array.isArray(losses) ? (losses as readonly unknown[]) : [])
    .filter(isLoss)
    .filter(({ use }) => builtInModules.loss.names.includes(use));
  return needsOf({ losses: known }).some(needsText)
    ? known
    : [...known, { use: 'image-class', weight: 1 }];
}

function isLoss(loss: unknown): loss is ResolvedExperiment['losses'][number] {
  return typeof loss === 'object' && loss !== null && 'use' in loss;
}

function useOf(experiment: Written, kind: ModuleKind): string {
  const module = experiment[kind];
  if (typeof module === 'object' && module !== null && 'use' in module) {
    return String(module.use);
  }
  throw new ExperimentError(
    kind,
    'has no "use"; the record of a run names every module that it was trained with',
  );
}
