import { basename, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { Dataset } from '@clip-lung/data';
import { identifiedCases } from '@clip-lung/evaluator';
import type { IdentifiedCases } from '@clip-lung/metrics';
import {
  type ClassifiedBy,
  type EpochMetrics,
  foldPaths,
  MissingRunFileError,
  type Pool,
  poolPredictions,
  readMetrics,
  readRunRecord,
  type RunRecord,
} from '@clip-lung/run';

import { type DatasetOfRun, datasetOf } from './dataset-of-run.js';

/** A run, read: what the sections of its report are made of. */
export interface ReportRun {
  /** unlike that of the report's other runs; a part of the page's IDs: `run-1` */
  readonly key: string;
  /** the folder's name, without the path: a report may go to others */
  readonly name: string;
  readonly record: RunRecord;
  readonly by: ClassifiedBy;
  readonly pool: Pool;
  /** the test nodules of all folds that have predictions */
  readonly tested: IdentifiedCases;
  /** of the folds that have begun */
  readonly logs: readonly FoldLog[];
  /** what it was trained on, where that was given */
  readonly dataset: DatasetOfRun | null;
  /** of intervals */
  readonly resamples: number;
  /** lets the event loop turn; throws when the report is to stop */
  readonly pause: () => Promise<void>;
}

/** What the epochs of a fold came to. */
export interface FoldLog {
  readonly fold: number;
  readonly epochs: readonly EpochMetrics[];
}

export interface ReadRunOptions {
  /** which predictions; default the head's */
  readonly by?: ClassifiedBy | undefined;
  /** of intervals; 2000 by default */
  readonly resamples?: number;
  readonly signal?: AbortSignal | undefined;
  /** is told of what cannot be checked, and of lines that are cut off */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Reads a run.
 *
 * @param place among the report's runs, counted from 0
 * @throws as `poolPredictions`; `InconsistentRunError` for a dataset that is not the run's
 */
export async function readReportRun(
  folder: string,
  {
    place,
    dataset,
    by = 'head',
    resamples = 2000,
    signal,
    onNote,
  }: ReadRunOptions & {
    readonly place: number;
    readonly dataset: Dataset | undefined;
  },
): Promise<ReportRun> {
  const record = await readRunRecord(folder);
  const pool = await poolPredictions(folder, record, { by, signal, onNote });
  const { rows } = pool;
  return {
    key: `run-${place + 1}`,
    name: basename(resolve(folder)),
    ...{ record, by, pool, resamples },
    tested: identifiedCases(record, rows),
    logs: await readLogs(folder, record, onNote),
    dataset:
      dataset === undefined
        ? null
        : datasetOf(dataset, { folder, record, rows }),
    pause: () => setImmediate(undefined, { signal }),
  };
}

async function readLogs(
  folder: string,
  record: RunRecord,
  onNote: ReadRunOptions['onNote'],
): Promise<readonly FoldLog[]> {
  const logs: FoldLog[] = [];
  for (let fold = 0; fold < record.data.folds; fold++) {
    try {
      const { metrics } = foldPaths(folder, fold);
      const { epochs, warnings } = await readMetrics(metrics);
      for (const warning of warnings) onNote?.(warning);
      if (epochs.length > 0) logs.push({ fold, epochs });
    } catch (error) {
      if (!(error instanceof MissingRunFileError)) throw error;
    }
  }
  return logs;
}
