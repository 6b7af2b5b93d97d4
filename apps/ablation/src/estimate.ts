import { planRun } from '@clip-lung/trainer';

import { oncePerExperiment } from './begin-runs.js';
import { type Cell, cellId, experimentName } from './cell.js';
import type { GridPlan } from './plan-grid.js';

/** How long the cells of one experiment on one dataset take. */
export interface Estimate {
  /** `CoOp, A`, without its seed */
  readonly name: string;
  /** that are to be trained */
  readonly cells: number;
  /** of one step, on this machine, with all of its processors */
  readonly secondsPerStep: number;
  /** of all these cells, one after the other */
  readonly seconds: number;
}

/**
 * Times a few steps of every experiment that has cells left. What is not training (starting, validating, testing) is not in it.
 *
 * @param missing the cells to be trained
 */
export async function estimateGrid(
  { record, runs }: GridPlan,
  missing: readonly Cell[],
  {
    onProgress,
    signal,
  }: {
    readonly onProgress: (done: number, total: number) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly Estimate[]> {
  const ids = new Set(missing.map(cellId));
  const left = runs.filter((run) =>
    run.folds.some((fold) => ids.has(cellId({ run, fold }))),
  );
  const ones = oncePerExperiment(left);
  const estimates: Estimate[] = [];
  for (const [done, one] of ones.entries()) {
    signal?.throwIfAborted();
    onProgress(done, ones.length);
    const { steps, secondsPerStep } = await planRun(one.options, {
      isTimed: true,
    });
    const perStep = secondsPerStep ?? NaN;
    const own = left.filter(
      ({ values, dataset }) => values === one.values && dataset === one.dataset,
    );
    let [cells, ofCells] = [0, 0];
    for (const run of own) {
      for (const [i, fold] of run.folds.entries()) {
        if (!ids.has(cellId({ run, fold }))) continue;
        cells += 1;
        ofCells += steps[i] ?? NaN;
      }
    }
    estimates.push({
      name: experimentName(one, record),
      cells,
      secondsPerStep: perStep,
      seconds: ofCells * perStep,
    });
    onProgress(done + 1, ones.length);
  }
  return estimates;
}
