import type { RandomStream } from '@clip-lung/tensor';

import type { CtSlice } from '../dicom/ct-slice.js';
import type { LidcMessage } from '../lidc-message.js';
import type { PhantomFile } from '../phantom-file.js';
import type { UidSource } from '../uid.js';

/** What is odd about the annotations of some real scans. */
export const annotationQuirks = [
  'empty-characteristics',
  'zero-characteristics',
  'hole',
  'several-regions',
  'single-point-region',
  'open-contour',
  'jumping-contour',
  'repeated-nodule-id',
  'eight-sessions',
  'three-sessions',
  'shared-position',
  'rating-out-of-range',
] as const;

/** What is odd about the files of some real scans. */
export const folderQuirks = [
  'radiograph',
  'duplicate-annotations',
  'correction',
  'missing-slice',
  'uneven-spacing',
  'localizer',
  'localizer-in-series',
  'other-orientation',
  'other-modality',
  'duplicate-slice',
] as const;

/** Ways to write slices other than the scanner's own. */
export const dicomQuirks = [
  'implicit-little-endian',
  'explicit-big-endian',
  'deflated',
  'rle',
  'jpeg-lossless',
  'jpeg-baseline',
  'jpeg-ls',
  'jpeg-2000',
  'unsigned',
  'signed',
  'signed-12-bits',
  'rescale-slope',
  'padding-value',
  'padding-range',
] as const;

export type AnnotationQuirk = (typeof annotationQuirks)[number];
export type FolderQuirk = (typeof folderQuirks)[number];
export type DicomQuirk = (typeof dicomQuirks)[number];
export type QuirkName = AnnotationQuirk | FolderQuirk | DicomQuirk;

/** A patient before the files are written: what a quirk changes. */
export interface Draft {
  /** from 1 */
  readonly number: number;
  /** of the series, below the phantom's folder */
  readonly folder: string;
  /** in the order of their instance numbers */
  readonly slices: readonly CtSlice[];
  readonly message: LidcMessage;
  /** the annotation file's, within the folder */
  readonly xmlName: string;
  /** other files than slices and annotations; names below the phantom's folder */
  readonly others: readonly PhantomFile[];
  readonly uids: UidSource;
}

/** Where a quirk was put; one entry of `quirks.json`. */
export interface PlacedQuirk {
  readonly patient: string;
  readonly quirk: QuirkName;
  /** the files that show it, below the phantom's folder; the folder of a series that shows it as a whole; the file that is missing */
  readonly files: readonly string[];
  /** reading session of the annotation file, from 0 */
  readonly session?: number;
  readonly noduleId?: string;
  /** mm, in patient coordinates */
  readonly z?: number;
  /** how many things are odd, where it is not one */
  readonly count?: number;
}

/** A draft with a quirk in it, and where. */
export interface Changed {
  readonly draft: Draft;
  readonly placed: Omit<PlacedQuirk, 'patient' | 'quirk'>;
}

/** Puts a quirk into a draft; undefined where the draft has no place for it: no nodule large enough, say. */
export type Quirk = (draft: Draft, random: RandomStream) => Changed | undefined;

export function sliceName({ instance }: Pick<CtSlice, 'instance'>): string {
  return `1-${String(instance).padStart(3, '0')}.dcm`;
}

export function pathOf({ folder }: Draft, name: string): string {
  return `${folder}/${name}`;
}
