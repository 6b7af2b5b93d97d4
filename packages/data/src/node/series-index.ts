import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { SliceHeader } from '../dicom/header.js';
import { DicomError } from '../errors.js';
import type { JobOptions } from '../progress.js';
import type { Warning } from '../warning.js';
import type { FoundFile } from './list-files.js';
import { readHeaderSync } from './slice-file.js';

/** The CT series among the files of a folder, whatever its layout. */
export interface SeriesIndex {
  /** the slices of each series in the order of their files, by Series Instance UID */
  readonly series: ReadonlyMap<string, readonly SliceHeader[]>;
  /** where to open a slice */
  readonly pathOf: (slice: SliceHeader) => string;
  /** DICOM files of other modalities */
  readonly otherModalities: number;
  /** files that are no DICOM */
  readonly otherFiles: number;
  readonly unreadable: number;
  readonly warnings: readonly Warning[];
}

/** Headers that are read without a pause. */
const between = 64;

/**
 * Reads the header of every file and groups CT slices by series. A DICOM file that is damaged becomes a warning,
 * `unreadable-dicom`, and so does a `.dcm` file that is none.
 */
export async function indexSeries(
  files: readonly FoundFile[],
  { signal, onProgress }: JobOptions = {},
): Promise<SeriesIndex> {
  const series = new Map<string, SliceHeader[]>();
  const warnings: Warning[] = [];
  let otherModalities = 0;
  let otherFiles = 0;
  let done = 0;
  for (const file of files) {
    signal?.throwIfAborted();
    const content = contentOf(file);
    // Lets what else is to be done, such as an interrupt, have its turn.
    if (done % between === 0) await setImmediate();
    onProgress?.({ stage: 'headers', done: ++done, total: files.length });
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
        const slices = series.get(content.slice.seriesUid);
        if (slices) slices.push(content.slice);
        else series.set(content.slice.seriesUid, [content.slice]);
      }
    }
  }
  const paths = new Map(files.map(({ name, path }) => [name, path]));
  return {
    series,
    pathOf: ({ file }) => paths.get(file) ?? file,
    otherModalities,
    otherFiles,
    unreadable: warnings.length,
    warnings,
  };
}

type Content =
  | { readonly kind: 'slice'; readonly slice: SliceHeader }
  | { readonly kind: 'unreadable'; readonly warning: Warning }
  | { readonly kind: 'other-modality' | 'other-file' };

function contentOf({ path, name }: FoundFile): Content {
  try {
    const header = readHeaderSync(path, name);
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
