import { setImmediate } from 'node:timers/promises';

import { at } from '@clip-lung/tensor';

import type { JobOptions } from '../../progress.js';
import type { Warning } from '../../warning.js';
import {
  addDamaged,
  type DamagedSlices,
  type HeaderBatch,
  readHeaders,
} from './header-batch.js';
import type { FoundFile } from './list-files.js';
import { batchesOf, mapOrdered } from '../jobs/ordered.js';
import { joinSets, type SliceSet } from './slice-set.js';

/** The CT series among the files of a folder, whatever its layout. */
export interface SeriesIndex<Slices = SliceSet> {
  /** the slices of each series in the order of their files, by Series Instance UID */
  readonly series: ReadonlyMap<string, Slices>;
  /** DICOM files of other modalities */
  readonly otherModalities: number;
  /** files that are not DICOM */
  readonly otherFiles: number;
  /** how many of both there are of each kind, the most frequent first: `a PNG image`, `DICOM of modality MR` */
  readonly passedOver: ReadonlyMap<string, number>;
  readonly unreadable: number;
  /** slices that could not be read, by the Series Instance UID that they have */
  readonly damaged: ReadonlyMap<string, DamagedSlices>;
  readonly warnings: readonly Warning[];
}

/** What is known of a series before its slices are looked at. */
export interface SeriesParts<Slices> {
  /** of the first slice */
  readonly patientId: string | null;
  /** in the order of the files */
  readonly parts: readonly Slices[];
}

/** Files whose headers are to be read, in batches. */
export interface HeaderJob<Batch, Slices> {
  /** how many files there are */
  readonly total: number;
  readonly batches: Iterable<Batch>;
  readonly read: (batch: Batch) => Promise<HeaderBatch<Slices>>;
  /** how many batches at once */
  readonly atOnce: number;
  /** where among the batches to begin, from 0 to 1; those before come last, and what comes of them is the same. Default 0 */
  readonly begin?: number;
}

/** Files of a batch. */
export const headerBatchSize = 128;

/**
 * Reads the header of every file and groups CT slices by series. A DICOM file that is damaged becomes a warning,
 * `unreadable-dicom`, and so does a `.dcm` file that is not DICOM.
 */
export async function indexSeries(
  files: readonly FoundFile[],
  options: JobOptions = {},
): Promise<SeriesIndex> {
  const index = await groupSeries(
    {
      total: files.length,
      batches: batchesOf(files, headerBatchSize),
      // Between two batches, what else is to be done, such as an interrupt, has its turn.
      read: async (batch) => {
        await setImmediate();
        return readHeaders(batch);
      },
      atOnce: 1,
    },
    options,
  );
  const series = [...index.series].map(
    ([uid, { parts }]) => [uid, joinSets(parts)] as const,
  );
  return { ...index, series: new Map(series) };
}

/** As {@link indexSeries}, whatever the reader gives for the slices of a batch that are of one series. */
export async function groupSeries<
  Batch extends { readonly length: number },
  Slices,
>(
  { total, batches, read, atOnce, begin = 0 }: HeaderJob<Batch, Slices>,
  { signal, onProgress }: JobOptions,
): Promise<SeriesIndex<SeriesParts<Slices>>> {
  const series = new Map<string, OpenSeries<Slices>>();
  const warnings: Warning[] = [];
  const damaged = new Map<string, DamagedSlices>();
  const passedOver = new Map<string, number>();
  let otherModalities = 0;
  let otherFiles = 0;
  let done = 0;
  const all = [...[...batches].entries()];
  const first = Math.floor(begin * all.length);
  const turned = [...all.slice(first), ...all.slice(0, first)];
  const results = mapOrdered(turned, atOnce, async ([index, batch]) => {
    signal?.throwIfAborted();
    return [index, batch.length, await read(batch)] as const;
  });
  const inOrder = all.map((): HeaderBatch<Slices> | undefined => undefined);
  for await (const [index, count, found] of results) {
    signal?.throwIfAborted();
    done += count;
    onProgress?.({ stage: 'headers', done, total });
    inOrder[index] = found;
  }
  for (const [index] of all) {
    const found = at(inOrder, index, 'batches that were read');
    otherModalities += found.otherModalities;
    otherFiles += found.otherFiles;
    for (const [kind, count] of Object.entries(found.passedOver)) {
      const before = passedOver.get(kind);
      passedOver.set(kind, before === undefined ? count : before + count);
    }
    warnings.push(...found.warnings);
    for (const slices of found.damaged) addDamaged(damaged, slices);
    for (const { seriesUid, patientId, slices } of found.series) {
      const known = series.get(seriesUid);
      if (known) known.parts.push(slices);
      else series.set(seriesUid, { patientId, parts: [slices] });
    }
  }
  return {
    series,
    otherModalities,
    otherFiles,
    passedOver: new Map([...passedOver].sort(([, a], [, b]) => b - a)),
    unreadable: warnings.length,
    damaged,
    warnings,
  };
}

interface OpenSeries<Slices> extends SeriesParts<Slices> {
  readonly parts: Slices[];
}
