import { endState, readOutcome } from '@clip-lung/launcher';
import {
  MissingRunFileError,
  readFoldState,
  readRunRecord,
  RunFileError,
  runIdentity,
  type RunRecord,
} from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';

import { type Cell, cellId, cellsOf } from './cell.js';
import { GridError } from './errors.js';
import { gridPaths, type GridRecord } from './grid-record.js';

/**
 * `waiting`: not begun. `stopped`: begun, and nobody trains it. `queued`: either of these, or failed, and a queue still has it, by
 * what the queue says. `failed`: its last start ended with an error. `damaged`: its files cannot be read.
 */
export const cellStateNames = [
  'done',
  'training',
  'queued',
  'stopped',
  'waiting',
  'failed',
  'damaged',
] as const;

export type CellStateName = (typeof cellStateNames)[number];

/** How far a cell is, by its files. */
export interface CellState {
  readonly cell: Cell;
  readonly state: CellStateName;
  /** epochs done, by the log */
  readonly epochs: number;
  /** the machine that trains it */
  readonly host: string | null;
  /** of a failed or damaged one: what went wrong */
  readonly error: string | null;
  /** what the last start said; null where there was none that has ended, or nothing to mend */
  readonly log: string | null;
}

/**
 * Reads the states of all cells of a grid, in their order.
 *
 * @param queued IDs of cells that a queue still has, where one was asked; default none
 */
export async function readCellStates(
  folder: string,
  grid: GridRecord,
  queued: ReadonlySet<string> = new Set(),
): Promise<readonly CellState[]> {
  const records = new Map<string, RunRecord | ClipLungError | undefined>();
  const states: CellState[] = [];
  for (const cell of cellsOf(grid)) {
    const { hash } = cell.run;
    if (!records.has(hash)) records.set(hash, await recordOf(folder, hash));
    const state = await stateOf(folder, cell, records.get(hash));
    const isIdle = ['waiting', 'stopped', 'failed'].includes(state.state);
    const isQueued = isIdle && queued.has(cellId(cell));
    states.push(isQueued ? { ...state, state: 'queued', error: null } : state);
  }
  return states;
}

async function stateOf(
  folder: string,
  cell: Cell,
  record: RunRecord | ClipLungError | undefined,
): Promise<CellState> {
  const { run, jobs } = gridPaths(folder);
  const nothing = { cell, epochs: 0, host: null, error: null, log: null };
  if (record === undefined) return { ...nothing, state: 'waiting' };
  if (record instanceof ClipLungError) {
    return { ...nothing, state: 'damaged', error: record.message };
  }
  try {
    const own = run(cell.run.hash);
    const { isTested, holder, logged } = await readFoldState(
      own,
      record,
      cell.fold,
    );
    const known = { ...nothing, epochs: logged.epochs };
    // What is done is told by the run alone.
    if (isTested) return { ...known, state: 'done' };
    const outcome = await readOutcome(jobs, cellId(cell));
    const log = outcome?.log ?? null;
    if (holder?.lives === true) {
      return { ...known, state: 'training', host: holder.host ?? null, log };
    }
    if (outcome !== undefined && endState(outcome) === 'failed') {
      const error = outcome.lastError ?? null;
      return { ...known, state: 'failed', error, log };
    }
    const hasBegun = logged.epochs > 0 || holder !== undefined;
    return { ...known, state: hasBegun ? 'stopped' : 'waiting', log };
  } catch (error) {
    if (!(error instanceof ClipLungError)) throw error;
    return { ...nothing, state: 'damaged', error: error.message };
  }
}

/** The record of a run; undefined before it has begun; an error where it is not that of the grid. */
async function recordOf(
  folder: string,
  hash: string,
): Promise<RunRecord | ClipLungError | undefined> {
  const run = gridPaths(folder).run(hash);
  try {
    const record = await readRunRecord(run);
    expectIdentity(run, record, hash);
    return record;
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    if (error instanceof RunFileError) {
      return new GridError(
        `${error.message}; put it back, or move ${run} away, and the grid trains it again`,
        { cause: error },
      );
    }
    if (error instanceof ClipLungError) return error;
    throw error;
  }
}

/**
 * Holds a run to the name of its folder.
 *
 * @throws {@link GridError} for a run of something else, such as one that was given more epochs since
 */
export function expectIdentity(
  run: string,
  record: RunRecord,
  hash: string,
): void {
  if (runIdentity(record).startsWith(hash)) return;
  throw new GridError(
    `${run}: holds another experiment, dataset or text tower than the grid began it with; move the folder away, and the grid trains it again`,
  );
}
