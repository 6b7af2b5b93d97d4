import { noImage, type SliceHeader } from '../../dicom/header.js';
import { DicomError } from '../../errors.js';
import type { Warning } from '../../warning.js';
import type { FoundFile } from './list-files.js';
import { type FileStamp, readHeaderSync } from './slice-file.js';
import { type SliceSet, sliceSet } from './slice-set.js';
import { isSystemError, systemProblem } from './unreadable-file.js';

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
  /** slices that could not be read, by the series that they say they are of */
  readonly damaged: readonly DamagedSlices[];
}

/** The slices of a series that could not be read. */
export interface DamagedSlices {
  readonly seriesUid: string;
  readonly count: number;
  /** what is wrong with the first */
  readonly message: string;
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
  readonly stamps: FileStamp[];
}

/**
 * Reads the headers of files. A DICOM file that is damaged becomes a warning, `unreadable-dicom`, and so does a `.dcm` file
 * that is not DICOM.
 *
 * @param onStamp is told what each file was that could be opened
 */
export function readHeaders(
  files: readonly FoundFile[],
  onStamp: (index: number, stamp: FileStamp) => void = () => undefined,
): HeaderBatch {
  const series = new Map<string, OpenPart>();
  const warnings: Warning[] = [];
  const damaged = new Map<string, DamagedSlices>();
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
        if (content.seriesUid !== null) {
          const { seriesUid } = content;
          addDamaged(damaged, { ...content.warning, seriesUid, count: 1 });
        }
        break;
      case 'slice': {
        const { slice, stamp } = content;
        const part = series.get(slice.seriesUid);
        if (part === undefined) {
          const first = { files: [file], headers: [slice], stamps: [stamp] };
          series.set(slice.seriesUid, { ...first, patientId: slice.patientId });
        } else {
          part.files.push(file);
          part.headers.push(slice);
          part.stamps.push(stamp);
        }
      }
    }
  }
  return {
    series: [...series].map(([seriesUid, part]) => ({
      seriesUid,
      patientId: part.patientId,
      slices: sliceSet(part.files, part.headers, part.stamps),
    })),
    otherModalities,
    otherFiles,
    passedOver,
    warnings,
    damaged: [...damaged.values()],
  };
}

/** Counts further slices of a series that could not be read. */
export function addDamaged(
  known: Map<string, DamagedSlices>,
  { seriesUid, count, message }: DamagedSlices,
): void {
  const before = known.get(seriesUid);
  const all = before === undefined ? count : before.count + count;
  const first = before === undefined ? message : before.message;
  known.set(seriesUid, { seriesUid, count: all, message: first });
}

type Content =
  | {
      readonly kind: 'slice';
      readonly slice: SliceHeader;
      readonly stamp: FileStamp;
    }
  | {
      readonly kind: 'unreadable';
      readonly warning: Warning;
      readonly seriesUid: string | null;
    }
  | {
      readonly kind: 'other-modality' | 'other-file';
      /** `a PNG image`, `DICOM of modality MR` */
      readonly what: string;
    };

function contentOf(
  { path, name }: FoundFile,
  onStamp: (stamp: FileStamp) => void,
): Content {
  let seriesUid: string | null = null;
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
    ({ seriesUid } = header);
    if (!isCt) {
      const of =
        modality === null ? 'another SOP class' : `modality ${modality}`;
      return { kind: 'other-modality', what: `DICOM of ${of}` };
    }
    if (header.isIndex) {
      return { kind: 'other-file', what: 'a DICOMDIR' };
    }
    return slice
      ? { kind: 'slice', slice: slice(), stamp }
      : unreadable(name, `${name}: ${noImage(header)}`, seriesUid);
  } catch (error) {
    if (isSystemError(error)) {
      return unreadable(name, systemProblem(name, error), seriesUid);
    }
    if (!(error instanceof DicomError)) throw error;
    return unreadable(name, error.message, seriesUid);
  }
}

function unreadable(
  file: string,
  message: string,
  seriesUid: string | null = null,
): Content {
  const warning = { code: 'unreadable-dicom', file, message };
  return { kind: 'unreadable', warning, seriesUid };
}
