import {
  launchLocally,
  type LaunchEvent,
  type LocalResult,
  queuedTasks,
  type SlurmProfile,
  type SlurmSubmission,
  submitToSlurm,
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

export interface SlurmOptions {
  readonly program: readonly string[];
  readonly profile: SlurmProfile;
  readonly offline: boolean;
  /** whether nothing is written and nothing submitted */
  readonly dryRun: boolean;
  readonly onNote: (message: string) => void;
}

/**
 * Submits cells to Slurm, and after them a report. Nothing waits for them.
 *
 * @throws as `submitToSlurm`
 */
export function submitCells(
  folder: string,
  grid: GridRecord,
  cells: readonly CellState[],
  { offline, ...options }: SlurmOptions,
): Promise<SlurmSubmission> {
  return submitToSlurm({
    ...options,
    jobs: gridPaths(folder).jobs,
    tasks: cells.map(({ cell }) => cellTask(folder, grid, cell, { offline })),
    report: ['ablate', 'report', folder],
  });
}

/**
 * The cells that Slurm still has, as far as it says: a hint, for what nobody trains yet.
 *
 * @param onNote is told why it could not be asked
 */
export async function queuedCells(
  folder: string,
  onNote: (message: string) => void,
): Promise<ReadonlySet<string>> {
  const found = await queuedTasks(gridPaths(folder).jobs);
  if (found.tasks !== undefined) return new Set(found.tasks.keys());
  onNote(
    `the queue could not be asked which cells it still has (${found.reason}); a cell that is started twice is trained once, as its lock keeps the second away`,
  );
  return new Set();
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
