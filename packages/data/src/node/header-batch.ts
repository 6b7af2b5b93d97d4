import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

import type { SliceHeader } from '../dicom/header.js';
import { DicomError } from '../errors.js';
import type { Warning } from '../warning.js';
import { Scratch } from './file-bytes.js';
import type { FoundFile } from './list-files.js';
import { readPartialFile, writePartialFile } from './partial-file.js';
import { readHeaderSync } from './slice-file.js';
import { type SliceColumns, sliceColumns } from './slice-set.js';

/** What the headers of some files say: plain data, which may come from another thread. */
export interface HeaderBatch {
  /** the slices of each series, in the order of their files */
  readonly series: readonly SeriesPart[];
  readonly otherModalities: number;
  readonly otherFiles: number;
  readonly warnings: readonly Warning[];
}

interface SeriesPart {
  readonly seriesUid: string;
  /** which of the files they are in */
  readonly indices: Uint32Array;
  readonly slices: SliceColumns;
}

export interface HeaderTask {
  readonly files: readonly FoundFile[];
  /** a folder that keeps what was read, for a run that goes on after this one; null to keep nothing */
  readonly keep: string | null;
}

/**
 * Reads the headers of files, or takes what an earlier run has kept of them, where no file was changed since.
 *
 * A DICOM file that is damaged becomes a warning, `unreadable-dicom`, and so does a `.dcm` file that is none.
 */
export function readHeaders({ files, keep }: HeaderTask): HeaderBatch {
  const path = keep === null ? null : join(keep, keptName(files));
  const earlier = path === null ? undefined : readKept(path, files);
  if (earlier) return earlier;
  const stamps = new Float64Array(2 * files.length);
  const batch = batchOf(files, stamps);
  // What could not be read now may be readable later.
  if (path !== null && batch.warnings.length === 0) {
    writePartialFile(path, [serialize({ stamps, batch } satisfies Kept)]);
  }
  return batch;
}

function batchOf(
  files: readonly FoundFile[],
  stamps: Float64Array,
): HeaderBatch {
  const series = new Map<string, { index: number; slice: SliceHeader }[]>();
  const warnings: Warning[] = [];
  let otherModalities = 0;
  let otherFiles = 0;
  for (const [index, file] of files.entries()) {
    const content = contentOf(file, (stamp) => {
      stamps.set(stamp, 2 * index);
    });
    switch (content.kind) {
      case 'other-file':
        otherFiles += 1;
        break;
      case 'other-modality':
        otherModalities += 1;
        break;
      case 'unreadable':
        warnings.push(content.warning);
        break;
      case 'slice': {
        const { slice } = content;
        const slices = series.get(slice.seriesUid);
        if (slices) slices.push({ index, slice });
        else series.set(slice.seriesUid, [{ index, slice }]);
      }
    }
  }
  return {
    series: [...series].map(([seriesUid, slices]) => ({
      seriesUid,
      indices: Uint32Array.from(slices, ({ index }) => index),
      slices: sliceColumns(slices.map(({ slice }) => slice)),
    })),
    otherModalities,
    otherFiles,
    warnings,
  };
}

type Content =
  | { readonly kind: 'slice'; readonly slice: SliceHeader }
  | { readonly kind: 'unreadable'; readonly warning: Warning }
  | { readonly kind: 'other-modality' | 'other-file' };

function contentOf(
  { path, name }: FoundFile,
  onStamp: (stamp: readonly [number, number]) => void,
): Content {
  try {
    const { header, stamp } = readHeaderSync(path, name);
    onStamp(stamp);
    if (header === undefined) {
      if (!name.toLowerCase().endsWith('.dcm')) return { kind: 'other-file' };
      return unreadable(name, `${name}: is no DICOM file, or cut short`);
    }
    const { modality, slice } = header;
    if (modality !== null && modality !== 'CT') {
      return { kind: 'other-modality' };
    }
    if (basename(name) === 'DICOMDIR') return { kind: 'other-file' };
    return slice
      ? { kind: 'slice', slice: slice() }
      : unreadable(name, `${name}: holds no image, or is cut short before it`);
  } catch (error) {
    const known =
      error instanceof DicomError ||
      (error instanceof Error && 'syscall' in error);
    if (!known) throw error;
    return unreadable(name, error.message);
  }
}

function unreadable(file: string, message: string): Content {
  const warning = { code: 'unreadable-dicom', file, message };
  return { kind: 'unreadable', warning };
}

/** What is kept of a batch. */
interface Kept {
  /** size in bytes and time of the last change of each file, ms */
  readonly stamps: Float64Array;
  readonly batch: HeaderBatch;
}

/** To be counted up when a batch changes its form. */
const keptVersion = 1;

function keptName(files: readonly FoundFile[]): string {
  const text = JSON.stringify([keptVersion, files]);
  const digest = createHash('sha256').update(text).digest('hex');
  return `${digest.slice(0, 32)}.headers`;
}

function readKept(
  path: string,
  files: readonly FoundFile[],
): HeaderBatch | undefined {
  const bytes = readPartialFile(path, new Scratch());
  if (bytes === undefined) return undefined;
  const { stamps, batch } = deserialize(bytes) as Kept;
  const same = files.every((file, i) => {
    const found = statSync(file.path, { throwIfNoEntry: false });
    return (
      found?.size === stamps[2 * i] && found?.mtimeMs === stamps[2 * i + 1]
    );
  });
  return same ? batch : undefined;
}
