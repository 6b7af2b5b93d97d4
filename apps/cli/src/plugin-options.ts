import type { Command } from 'commander';

import { type PluginPolicy, trustedFolders } from '@clip-lung/experiment';
import type { Screen } from './screen.js';

/** What commands that open another's run or experiment are told of the code in it. */
export interface PluginOptions {
  readonly allowPlugins?: boolean;
}

/** Adds `--allow-plugins`. */
export function withPluginOptions(command: Command): Command {
  return command.option(
    '--allow-plugins',
    'run the code that a run, or an experiment in JSON, names as its plugins; it can do whatever you can',
  );
}

export function policyOf(
  screen: Screen,
  { allowPlugins = false }: PluginOptions,
): PluginPolicy {
  return {
    allow: allowPlugins,
    trusted: trustedFolders(),
    onAllowed: (lines) => {
      screen.note(...lines);
    },
    onNote: screen.note,
  };
}
