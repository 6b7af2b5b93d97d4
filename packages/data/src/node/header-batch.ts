import { noImage, type SliceHeader } from '../dicom/header.js';
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
  /** files that are not DICOM */
  readonly otherFiles: number;
  /** how many of both there are of each kind: `a PNG image`, `DICOM of modality MR` */
  readonly passedOver: Readonly<Record<string, number>>;
  readonly warnings: readonly Warning[];
}

interface SeriesPart<Slices> {
  readonly seriesUid: string;
  /** of the first slice */
  readonly patientId: string | null;
  readonly slices: Slices;
}

interface OpenPart {
  readonly patientId: string | null;
  readonly files: FoundFile[];
  readonly headers: SliceHeader[];
}

/**
 * Reads the headers of files. A DICOM file that is damaged becomes a warning, `unreadable-dicom`, and so does a `.dcm` file
 * that is not DICOM.
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
  const passedOver: Record<string, number> = {};
  let otherModalities = 0;
  let otherFiles = 0;
  const passOver = (kind: string): void => {
    const before = passedOver[kind];
    passedOver[kind] = before === undefined ? 1 : before + 1;
  };
  for (const [index, file] of files.entries()) {
    const content = contentOf(file, (stamp) => {
      onStamp(index, stamp);
    });
    switch (content.kind) {
      case 'other-file':
        otherFiles += 1;
        passOver(content.what);
        break;
      case 'other-modality':
        otherModalities += 1;
        passOver(content.what);
        break;
      case 'unreadable':
        warnings.push(content.warning);
        break;
      case 'slice': {
        const { slice } = content;
        const part = series.get(slice.seriesUid);
        if (part === undefined) {
          const first = { files: [file], headers: [slice] };
          series.set(slice.seriesUid, { ...first, patientId: slice.patientId });
        } else {
          part.files.push(file);
          part.headers.push(slice);
        }
      }
    }
  }
  return {
    series: [...series].map(([seriesUid, part]) => ({
      seriesUid,
      patientId: part.patientId,
      slices: sliceSet(part.files, part.headers),
    })),
    otherModalities,
    otherFiles,
    passedOver,
    warnings,
  };
}

type Content =
  | { readonly kind: 'slice'; readonly slice: SliceHeader }
  | { readonly kind: 'unreadable'; readonly warning: Warning }
  | {
      readonly kind: 'other-modality' | 'other-file';
      /** `a PNG image`, `DICOM of modality MR` */
      readonly what: string;
    };

function contentOf(
  { path, name }: FoundFile,
  onStamp: (stamp: readonly [number, number]) => void,
): Content {
  try {
    const { header, stamp } = readHeaderSync(path, name);
    onStamp(stamp);
    if (typeof header === 'string') {
      if (!/\.dcm(\.gz)?$/i.test(name)) {
        return { kind: 'other-file', what: header };
      }
      return unreadable(
        name,
        `${name}: is not a DICOM file, or cut short: it seems to be ${header}`,
      );
    }
    const { modality, isCt, slice } = header;
    if (!isCt) {
      const of =
        modality === null ? 'another SOP class' : `modality ${modality}`;
      return { kind: 'other-modality', what: `DICOM of ${of}` };
    }
    if (header.isIndex) {
      return { kind: 'other-file', what: 'a DICOMDIR' };
    }
    return slice
      ? { kind: 'slice', slice: slice() }
      : unreadable(name, `${name}: ${noImage(header)}`);
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
