import {
  launchLocally,
  type LaunchEvent,
  type LocalResult,
} from '@clip-lung/launcher';

import { type Cell, cellId } from './cell.js';
import { cellTask } from './cell-command.js';
import type { CellState, CellStateName } from './cell-state.js';
import { gridPaths, type GridRecord } from './grid-record.js';

/** Which cells a launch starts: those that are not done, nor trained by somebody, nor failed, unless these are to be tried again. */
export function cellsToStart(
  states: readonly CellState[],
  {
    retryFailed,
    among,
  }: { readonly retryFailed: boolean; readonly among: readonly Cell[] },
): readonly CellState[] {
  const ids = new Set(among.map(cellId));
  const started: readonly CellStateName[] = retryFailed
    ? ['waiting', 'stopped', 'failed']
    : ['waiting', 'stopped'];
  return states.filter(
    ({ cell, state }) => started.includes(state) && ids.has(cellId(cell)),
  );
}

export interface LocalOptions {
  /** the program that trains, and what always follows it */
  readonly program: readonly string[];
  /** cells at a time */
  readonly processes: number;
  /** starts no more after the first failure, and stops the others softly */
  readonly failFast: boolean;
  /** whether cells may download nothing */
  readonly offline: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: LaunchEvent) => void;
}

/** Trains cells on this machine, some at a time, and waits for them. @throws as `launchLocally` */
export function launchCellsLocally(
  folder: string,
  grid: GridRecord,
  cells: readonly CellState[],
  { offline, ...options }: LocalOptions,
): Promise<readonly LocalResult[]> {
  return launchLocally({
    ...options,
    jobs: gridPaths(folder).jobs,
    tasks: cells.map(({ cell }) => cellTask(folder, grid, cell, { offline })),
  });
}

/** Threads of each of several processes that run at a time: the processors, divided. */
export function threadsEach(processors: number, processes: number): number {
  return Math.max(1, Math.floor(processors / processes));
}

/** Cells by state, for one line. */
export function countStates(
  states: readonly CellState[],
): ReadonlyMap<CellStateName, number> {
  const counts = new Map<CellStateName, number>();
  for (const { state } of states) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
