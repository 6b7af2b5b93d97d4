import { basename } from 'node:path';

import type { SliceHeader } from '../dicom/header.js';
import { DicomError } from '../errors.js';
import type { Warning } from '../warning.js';
import type { FoundFile } from './list-files.js';
import { readHeaderSync } from './slice-file.js';
import { type SliceSet, sliceSet } from './slice-set.js';

/** What the headers of some files say. */
export interface HeaderBatch<Slices = SliceSet> {
  /** the slices of each series, in the order of their files, or where they are kept */
  readonly series: readonly SeriesPart<Slices>[];
  /** DICOM files of other modalities */
  readonly otherModalities: number;
  /** files that are no DICOM */
  readonly otherFiles: number;
  readonly warnings: readonly Warning[];
}

interface SeriesPart<Slices> {
  readonly seriesUid: string;
  /** of the first slice */
  readonly patientId: string | null;
  readonly slices: Slices;
}

interface OpenPart {
  readonly files: FoundFile[];
  readonly headers: SliceHeader[];
}

/**
 * Reads the headers of files. A DICOM file that is damaged becomes a warning, `unreadable-dicom`, and so does a `.dcm` file
 * that is none.
 *
 * @param onStamp is told the size in bytes and the time of the last change, ms, of each file that could be opened
 */
export function readHeaders(
  files: readonly FoundFile[],
  onStamp: (index: number, stamp: readonly [number, number]) => void = () =>
    undefined,
): HeaderBatch {
  const series = new Map<string, OpenPart>();
  const warnings: Warning[] = [];
  let otherModalities = 0;
  let otherFiles = 0;
  for (const [index, file] of files.entries()) {
    const content = contentOf(file, (stamp) => {
      onStamp(index, stamp);
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
        const part = series.get(slice.seriesUid) ?? { files: [], headers: [] };
        series.set(slice.seriesUid, part);
        part.files.push(file);
        part.headers.push(slice);
      }
    }
  }
  return {
    series: [...series].map(([seriesUid, part]) => ({
      seriesUid,
      patientId: part.headers[0]?.patientId ?? null,
      slices: sliceSet(part.files, part.headers),
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
