import { type CellState, readCellStates } from './cell-state.js';
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
 * @throws `GridError` for a folder that holds something else, a dataset that has changed, and for a grid that has changed
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
