import { identifiedCases } from '@clip-lung/evaluator';
import type { IdentifiedCases } from '@clip-lung/metrics';
import {
  type ClassifiedBy,
  MissingRunFileError,
  NoPredictionsError,
  type PredictionRow,
  poolPredictions,
  readRunRecord,
  type RunRecord,
} from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';

import { cellId } from '../cell.js';
import { expectIdentity } from '../cell-state.js';
import { gridPaths, type GridRun } from '../grid-record.js';

/** What a run of a grid predicts for the test nodules of its folds. */
export interface PooledRun {
  readonly run: GridRun;
  /** null before it has begun */
  readonly record: RunRecord | null;
  /** the test nodules of all of its folds, by ID; null while a fold is missing */
  readonly tested: IdentifiedCases | null;
  /** IDs of cells without predictions */
  readonly missing: readonly string[];
  /** what is wrong with its files, if anything is: none of it is in the table then */
  readonly damage: string | null;
}

/** Reads the predictions of a run of a grid. A run that cannot be read leaves the others as they are. */
export async function poolRun(
  folder: string,
  run: GridRun,
  {
    by,
    signal,
  }: { readonly by: ClassifiedBy; readonly signal?: AbortSignal | undefined },
): Promise<PooledRun> {
  const own = gridPaths(folder).run(run.hash);
  const ids = (folds: readonly number[]): readonly string[] =>
    folds.map((fold) => cellId({ run, fold }));
  const nothing = { run, tested: null, missing: ids(run.folds), damage: null };
  let record: RunRecord | null = null;
  try {
    record = await readRunRecord(own);
    expectIdentity(own, record, run.hash);
    const pool = await poolPredictions(own, record, { by, signal });
    const wanted = pool.folds.filter(({ fold }) => run.folds.includes(fold));
    const missing = run.folds.filter(
      (fold) => !wanted.some((one) => one.fold === fold),
    );
    if (missing.length > 0) {
      return { ...nothing, record, missing: ids(missing) };
    }
    const rows = byNodule(wanted.flatMap((fold) => fold.rows));
    return {
      ...{ ...nothing, record, missing: [] },
      tested: identifiedCases(record, rows),
    };
  } catch (error) {
    const isMissing =
      error instanceof MissingRunFileError ||
      error instanceof NoPredictionsError;
    if (isMissing) return { ...nothing, record };
    if (!(error instanceof ClipLungError)) throw error;
    return { ...nothing, record, missing: [], damage: error.message };
  }
}

/** Pairs are by nodule, and runs may divide them into folds in different ways. */
function byNodule(rows: readonly PredictionRow[]): readonly PredictionRow[] {
  return [...rows].sort((a, b) => (a.nodule < b.nodule ? -1 : 1));
}
