import type { Command } from 'commander';

import type { OwnSource } from './own-source.js';
import { Screen, type Streams } from './screen.js';

/** What every command works with. */
export interface Surroundings {
  readonly streams: Streams;
  /** that `prepare --from` names, whose options are those of the command */
  readonly ownSource: OwnSource | undefined;
  /** aborted by the first signal that asks to stop */
  readonly signal: AbortSignal;
}

/** Adds a command to the program. */
export type AddCommand = (program: Command, surroundings: Surroundings) => void;

/** The screen of a command that has a `--json` option. */
export function screenOf(
  surroundings: Surroundings,
  { json = false }: { readonly json?: boolean },
): Screen {
  return new Screen(surroundings.streams, json);
}
