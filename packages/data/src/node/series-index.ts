import { setImmediate } from 'node:timers/promises';

import type { JobOptions } from '../progress.js';
import type { Warning } from '../warning.js';
import { type HeaderBatch, readHeaders } from './header-batch.js';
import { batchesOf, mapOrdered } from './ordered.js';
import type { FoundFile } from './list-files.js';
import { joinColumns, type SliceColumns, type SliceSet } from './slice-set.js';

/** The CT series among the files of a folder, whatever its layout. */
export interface SeriesIndex {
  /** the slices of each series in the order of their files, by Series Instance UID */
  readonly series: ReadonlyMap<string, SliceSet>;
  /** DICOM files of other modalities */
  readonly otherModalities: number;
  /** files that are no DICOM */
  readonly otherFiles: number;
  readonly unreadable: number;
  readonly warnings: readonly Warning[];
}

/** What reads the headers of some files, and how many at once. */
export interface HeaderReader {
  readonly read: (files: readonly FoundFile[]) => Promise<HeaderBatch>;
  readonly atOnce: number;
}

/** Files of a batch. */
const batchSize = 128;

/** In this thread. Between two batches, what else is to be done, such as an interrupt, has its turn. */
const here: HeaderReader = {
  read: async (files) => {
    await setImmediate();
    return readHeaders({ files, keep: null });
  },
  atOnce: 1,
};

/**
 * Reads the header of every file and groups CT slices by series. A DICOM file that is damaged becomes a warning,
 * `unreadable-dicom`, and so does a `.dcm` file that is none.
 */
export async function indexSeries(
  files: readonly FoundFile[],
  { signal, onProgress }: JobOptions = {},
  { read, atOnce }: HeaderReader = here,
): Promise<SeriesIndex> {
  const series = new Map<string, OpenSet>();
  const warnings: Warning[] = [];
  let otherModalities = 0;
  let otherFiles = 0;
  let done = 0;
  const batches = batchesOf(files, batchSize);
  const results = mapOrdered(batches, atOnce, async (batch) => {
    signal?.throwIfAborted();
    return [batch, await read(batch)] as const;
  });
  for await (const [batch, found] of results) {
    signal?.throwIfAborted();
    done += batch.length;
    onProgress?.({ stage: 'headers', done, total: files.length });
    otherModalities += found.otherModalities;
    otherFiles += found.otherFiles;
    warnings.push(...found.warnings);
    for (const { seriesUid, indices, slices } of found.series) {
      const set = series.get(seriesUid) ?? { files: [], parts: [] };
      series.set(seriesUid, set);
      set.parts.push(slices);
      for (const index of indices) {
        const file = batch[index];
        if (file) set.files.push(file);
      }
    }
  }
  return {
    series: new Map([...series].map(([uid, set]) => [uid, closed(set)])),
    otherModalities,
    otherFiles,
    unreadable: warnings.length,
    warnings,
  };
}

interface OpenSet {
  readonly files: FoundFile[];
  readonly parts: SliceColumns[];
}

function closed({ files, parts }: OpenSet): SliceSet {
  return {
    files: files.map(({ name }) => name),
    paths: files.map(({ path }) => path),
    ...joinColumns(parts),
  };
}
