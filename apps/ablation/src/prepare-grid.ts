import { beginRuns, type BeginOptions } from './begin-runs.js';
import { type CellState, readCellStates } from './cell-state.js';
import { GridError } from './errors.js';
import type { GridRecord } from './grid-record.js';
import { openGrid } from './open-grid.js';
import type { GridPlan } from './plan-grid.js';

/** A grid whose folder is held to its plan. */
export interface OpenedGrid {
  readonly plan: GridPlan;
  readonly states: readonly CellState[];
  /** how the grid has changed since it was last planned, a line each */
  readonly changed: readonly string[];
}

/**
 * Holds a plan to what its folder has already, and finds how far its cells are. Nothing is written.
 *
 * @throws {@link GridError} for a folder that holds something else, a dataset that has changed, and for a grid that has changed
 *   while cells of it are trained: with the difference
 */
export async function openPlan(
  folder: string,
  planned: GridPlan,
  queued?: ReadonlySet<string>,
): Promise<OpenedGrid> {
  const { record, changed } = await openGrid(folder, planned.record);
  const plan = { ...planned, record };
  return {
    plan,
    changed,
    states: await readCellStates(folder, record, queued),
  };
}

/**
 * Makes a grid's folder ready for cells to be started.
 *
 * @param threads that every cell computes with; undefined for the number that its cells began with, or else `usual`
 * @throws {@link GridError} for another number than cells began with, an experiment that cannot be trained, and a run that is not
 *   the grid's
 */
export async function beginGrid(
  folder: string,
  { plan, states }: OpenedGrid,
  {
    threads,
    usual,
    ...options
  }: BeginOptions & {
    readonly threads: number | undefined;
    readonly usual: number;
  },
): Promise<GridRecord> {
  const { threads: before } = plan.record;
  const begun = states.filter(({ state }) => state !== 'waiting');
  if (
    threads !== undefined &&
    before !== null &&
    threads !== before &&
    begun.length > 0
  ) {
    throw new GridError(
      `${folder}: ${begun.length} of its cells began with ${before} threads each, and with ${threads} the others would differ from them by more than their experiments: by rounding; leave --threads out, or choose another folder`,
    );
  }
  const kept = begun.length > 0 ? before : null;
  const record = { ...plan.record, threads: threads ?? kept ?? usual };
  await beginRuns(folder, { ...plan, record }, options);
  return record;
}
