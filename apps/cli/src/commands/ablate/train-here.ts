import {
  CellsFailedError,
  type CellState,
  formatStates,
  type GridRecord,
  gridTable,
  launchCellsLocally,
  LaunchStoppedError,
  readCellStates,
  tableInMarkdown,
  writeTable,
} from '@clip-lung/ablation';

import type { Ablating } from './options.js';
import { program } from '../../program.js';

/** Trains what is missing, and shows what the grid has come to. */
export async function trainHere(
  grid: GridRecord,
  cells: readonly CellState[],
  { folder, options, screen, signal }: Ablating,
): Promise<void> {
  let done = 0;
  await launchCellsLocally(folder, grid, cells, {
    program,
    processes: options.processes ?? 1,
    failFast: options.failFast ?? false,
    offline: options.offline ?? false,
    signal,
    onEvent: (event) => {
      const { name } = event.task;
      if (event.kind === 'start') {
        screen.note(
          `${event.restarts === 0 ? 'started' : 'started again'}: ${name}`,
        );
        return;
      }
      done += 1;
      const { code, lastError, log } = event.outcome;
      if (code !== 0) {
        screen.note(
          `ended with ${code}: ${name}`,
          ...(lastError === undefined ? [] : [`  ${lastError}`]),
          `  log: ${log}`,
        );
      }
      screen.progress({ stage: 'cell', done, total: cells.length });
    },
  });
  const states = await readCellStates(folder, grid);
  if (signal.aborted) {
    throw new LaunchStoppedError(
      `stopped; what was trained is saved, and the same command goes on (${describe(states)})`,
    );
  }
  const table = await gridTable(folder, grid, { signal });
  const files = await writeTable(folder, table);
  const failed = states.filter(
    ({ state }) => state === 'failed' || state === 'damaged',
  );
  if (failed.length > 0) {
    screen.note(...formatStates(grid, states));
    throw new CellsFailedError(
      `${failed.length} of ${states.length} cells failed; mend what their logs say, and start them again with --retry failed`,
    );
  }
  screen.result([...tableInMarkdown(table).trimEnd().split('\n'), ...files], {
    ...{ grid: folder, states, files },
  });
}

function describe(states: readonly CellState[]): string {
  const done = states.filter(({ state }) => state === 'done').length;
  return `${done} of ${states.length} cells done`;
}
