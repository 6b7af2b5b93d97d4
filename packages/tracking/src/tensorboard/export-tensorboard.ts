import { basename, join } from 'node:path';

import { foldPaths, listFolds, readRunRecord } from '@clip-lung/run';

import { readTrackedFold } from '../tracked-fold.js';
import { FoldEvents } from './fold-events.js';

export interface ExportTensorBoardOptions {
  /** the folder to write to, one of its own for each fold; default the run itself */
  readonly to?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an export has written: nothing where TensorBoard had all of it. */
export interface TensorBoardExport {
  readonly files: readonly string[];
  readonly scalars: number;
}

/**
 * Writes what a run's event files lack: all for a run that was trained without.
 *
 * @throws `MissingRunFileError`, `RunFileError`, `FileWriteError`
 */
export async function exportTensorBoard(
  run: string,
  { to = run, signal }: ExportTensorBoardOptions = {},
): Promise<TensorBoardExport> {
  const record = await readRunRecord(run);
  const files: string[] = [];
  let scalars = 0;
  for (const fold of await listFolds(run)) {
    signal?.throwIfAborted();
    const folder = join(to, basename(foldPaths(run, fold).folder));
    const events = await FoldEvents.open(folder, { run, record });
    try {
      await events.follow(await readTrackedFold(run, record, fold));
      if (events.file !== undefined) files.push(events.file);
      scalars += events.written;
    } finally {
      await events.close();
    }
  }
  return { files, scalars };
}
