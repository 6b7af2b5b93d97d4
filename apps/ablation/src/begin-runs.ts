import { existsSync } from 'node:fs';

import { runPaths } from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';
import { beginRun, planRun } from '@clip-lung/trainer';

import { expectIdentity } from './cell-state.js';
import { runName } from './cell.js';
import { GridError } from './errors.js';
import { gridPaths, type GridRecord } from './grid-record.js';
import type { GridPlan, PlannedRun } from './plan-grid.js';
import {
  expectSameComputing,
  putOnRecord,
  type ThreadsOptions,
} from './put-on-record.js';

export interface BeginOptions extends ThreadsOptions {
  /** the hashes of the runs that are to begin */
  readonly wanted: ReadonlySet<string>;
  /** told before each experiment is traced */
  readonly onProgress: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the folders of a grid's runs, with their records, so that each is an ordinary run which any process may train. Before
 * anything is written, the first step of every experiment that has no folder yet is traced: what cannot be trained is found here,
 * and not in a queue.
 *
 * @returns the grid's record, with the number of threads of its cells
 * @throws {@link GridError} for an experiment that cannot be trained, a run that is not the grid's, and for another number of threads
 *   than cells began with
 */
export async function beginRuns(
  folder: string,
  { record, runs: all }: GridPlan,
  { wanted, onProgress, signal, ...threads }: BeginOptions,
): Promise<GridRecord> {
  await expectSameComputing(folder, record, threads);
  const runs = all.filter(({ hash }) => wanted.has(hash));
  const { run: folderOf } = gridPaths(folder);
  const isBegun = ({ hash }: PlannedRun): boolean =>
    existsSync(runPaths(folderOf(hash)).experiment);
  const fresh = oncePerExperiment(runs.filter((run) => !isBegun(run)));
  for (const [done, run] of fresh.entries()) {
    signal?.throwIfAborted();
    onProgress(done, fresh.length);
    try {
      await planRun(run.options);
    } catch (error) {
      if (!(error instanceof ClipLungError)) throw error;
      throw new GridError(`${runName(run, record)}: ${error.message}`, {
        cause: error,
      });
    }
    onProgress(done + 1, fresh.length);
  }
  const begun = await putOnRecord(folder, record, threads);
  for (const { hash, record: own, keep } of runs) {
    const out = folderOf(hash);
    expectIdentity(out, await beginRun({ out, record: own, keep }), hash);
  }
  return begun;
}

/** Seeds change nothing that tracing would find. */
export function oncePerExperiment(
  runs: readonly PlannedRun[],
): readonly PlannedRun[] {
  const first = new Map<string, PlannedRun>();
  for (const run of runs) {
    const key = JSON.stringify([run.values, run.dataset]);
    if (!first.has(key)) first.set(key, run);
  }
  return [...first.values()];
}
