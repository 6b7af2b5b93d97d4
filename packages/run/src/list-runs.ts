import { findRuns, type FindRunsOptions } from './find-runs.js';
import { readRunState, type RunState } from './run-state.js';

/** Runs that are read at the same time: the system's threads for files are four, and a run has other work than files. */
const atOnce = 8;

/**
 * The states of all runs in a folder, at any depth, in the order of their names.
 *
 * @throws as `findRuns`; a damaged run has the state `damaged`
 */
export async function listRuns(
  folder: string,
  options: FindRunsOptions = {},
): Promise<readonly RunState[]> {
  const runs = await findRuns(folder, options);
  const states: RunState[] = [];
  let next = 0;
  const read = async (): Promise<void> => {
    for (;;) {
      options.signal?.throwIfAborted();
      const index = next++;
      const run = runs[index];
      if (run === undefined) return;
      states[index] = await readRunState(run);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, read));
  return states;
}
