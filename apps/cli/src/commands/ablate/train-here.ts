import {
  type Cell,
  cellId,
  cellsOf,
  CellsFailedError,
  type CellState,
  type CellStateName,
  cellsToStart,
  formatStates,
  type GridRecord,
  type GridTable,
  gridTable,
  launchCellsLocally,
  LaunchStoppedError,
  readCellStates,
  tableInMarkdown,
  writeTable,
} from '@clip-lung/ablation';
import { taskExitCodes } from '@clip-lung/launcher';

import type { Ablating } from './options.js';
import { program } from '../../program.js';

/**
 * Trains what is missing, and shows what the grid has come to.
 *
 * @param elsewhere cells that another process trains: what it has left when the others are done is trained, too
 */
export async function trainHere(
  grid: GridRecord,
  cells: readonly CellState[],
  elsewhere: readonly Cell[],
  { folder, options, screen, signal }: Ablating,
): Promise<void> {
  let [done, total] = [0, cells.length];
  const left = new Set(elsewhere.map(cellId));
  const launch = (these: readonly CellState[]): Promise<unknown> =>
    launchCellsLocally(folder, grid, these, {
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
        if (code === taskExitCodes.busy) {
          left.add(event.task.id);
          screen.note(`left to the process that trains it: ${name}`);
        } else if (code !== 0) {
          screen.note(
            `ended with ${code}: ${name}`,
            ...(lastError === undefined ? [] : [`  ${lastError}`]),
            `  log: ${log}`,
          );
        }
        screen.progress({ stage: 'cell', done, total });
      },
    });
  await launch(cells);
  let states = await readCellStates(folder, grid);
  // What another process trained when its turn came may have been stopped with that process since.
  const again = cellsToStart(states, {
    retryFailed: false,
    among: cellsOf(grid).filter((cell) => left.has(cellId(cell))),
  });
  const hasFailed = states.some(({ state }) => state === 'failed');
  const isOver = signal.aborted || (options.failFast === true && hasFailed);
  if (again.length > 0 && !isOver) {
    total += again.length;
    await launch(again);
    states = await readCellStates(folder, grid);
  }
  if (signal.aborted) {
    throw new LaunchStoppedError(
      `stopped; what was trained is saved, and the same command goes on (${describe(states)})`,
    );
  }
  const table = await gridTable(folder, grid, { signal });
  const files = await writeTable(folder, table);
  expectWhole(grid, { states, table, screen });
  const busy = states.filter(({ state }) => state === 'training');
  if (busy.length > 0) {
    screen.note(
      `note: ${busy.length} ${busy.length === 1 ? 'cell is' : 'cells are'} still trained by another process, and not in the table yet; the same command goes on`,
    );
  }
  screen.result([...tableInMarkdown(table).trimEnd().split('\n'), ...files], {
    ...{ grid: folder, states, files },
  });
}

/** @throws {@link CellsFailedError} after saying what is wrong, and where */
function expectWhole(
  grid: GridRecord,
  {
    states,
    table,
    screen,
  }: {
    readonly states: readonly CellState[];
    readonly table: GridTable;
    readonly screen: Ablating['screen'];
  },
): void {
  const of = (wanted: CellStateName): number =>
    states.filter(({ state }) => state === wanted).length;
  const [failed, damaged] = [of('failed'), of('damaged')];
  if (failed + damaged > 0) screen.note(...formatStates(grid, states));
  if (failed > 0) {
    throw new CellsFailedError(
      `${failed} of ${states.length} cells failed; mend what their logs say, and start them again with --retry failed`,
    );
  }
  if (damaged > 0) {
    throw new CellsFailedError(
      `${damaged} of ${states.length} cells have damaged files; mend what is said of them above, and start the same command again`,
    );
  }
  if (table.damaged.length === 0) return;
  throw new CellsFailedError(
    [
      `the table leaves out what has damaged files; mend it, or move its run away, and start the same command again:`,
      ...table.damaged.map(({ run, problem }) => `  ${run}: ${problem}`),
    ].join('\n'),
  );
}

function describe(states: readonly CellState[]): string {
  const done = states.filter(({ state }) => state === 'done').length;
  return `${done} of ${states.length} cells done`;
}
