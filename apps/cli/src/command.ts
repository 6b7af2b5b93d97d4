import type { Command } from 'commander';

import { Screen, type Streams } from './screen.js';

/** What every command works with. */
export interface Surroundings {
  readonly streams: Streams;
  /** the whole command line, for a command whose options depend on what it is given */
  readonly args: readonly string[];
  /** aborted by Ctrl-C */
  readonly signal: AbortSignal;
}

/** Adds a command to the program. */
export type AddCommand = (
  program: Command,
  surroundings: Surroundings,
) => void | Promise<void>;

/** The screen of a command that has a `--json` option. */
export function screenOf(
  surroundings: Surroundings,
  { json = false }: { readonly json?: boolean },
): Screen {
  return new Screen(surroundings.streams, json);
}
