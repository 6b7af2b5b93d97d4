import { at, type RandomStream } from '@clip-lung/tensor';

import {
  addHole,
  addPoint,
  addRegion,
  breakContour,
  openContour,
} from './contour-quirks.js';
import { rewrite } from './dicom-quirks.js';
import {
  addOtherModality,
  addRadiograph,
  correctAnnotations,
  repeatAnnotations,
} from './file-quirks.js';
import {
  type AnnotationQuirk,
  annotationQuirks,
  type DicomQuirk,
  dicomQuirks,
  type Draft,
  type FolderQuirk,
  folderQuirks,
  pathOf,
  type PlacedQuirk,
  type Quirk,
} from './quirk.js';
import {
  addEmptyRatings,
  addZeroRatings,
  breakRating,
  noteSessions,
  repeatId,
  sharePosition,
  splitSessions,
} from './rating-quirks.js';
import {
  addCoronal,
  addLocalizer,
  addLocalizerInSeries,
  copySlice,
  displaceSlices,
  dropSlice,
} from './series-quirks.js';

const annotationMakers: Readonly<Record<AnnotationQuirk, Quirk>> = {
  'empty-characteristics': addEmptyRatings,
  'zero-characteristics': addZeroRatings,
  hole: addHole,
  'several-regions': addRegion,
  'single-point-region': addPoint,
  'open-contour': openContour,
  'jumping-contour': breakContour,
  'repeated-nodule-id': repeatId,
  'eight-sessions': splitSessions,
  'three-sessions': noteSessions,
  'shared-position': sharePosition,
  'rating-out-of-range': breakRating,
};

const folderMakers: Readonly<Record<FolderQuirk, Quirk>> = {
  radiograph: addRadiograph,
  'duplicate-annotations': repeatAnnotations,
  correction: correctAnnotations,
  'missing-slice': dropSlice,
  'uneven-spacing': displaceSlices,
  localizer: addLocalizer,
  'localizer-in-series': addLocalizerInSeries,
  'other-orientation': addCoronal,
  'other-modality': addOtherModality,
  'duplicate-slice': copySlice,
};

/** One quirk of each kind. */
export interface PatientQuirks {
  readonly annotations: AnnotationQuirk;
  readonly folder: FolderQuirk;
  readonly dicom: DicomQuirk;
}

/** Patients that hold each quirk at least once. */
export const patientsForAllQuirks = Math.max(
  annotationQuirks.length,
  folderQuirks.length,
  dicomQuirks.length,
);

/** Deals the quirks of each kind in turn. @param number of the patient, from 1 */
export function quirksOf(number: number): PatientQuirks {
  const deal = <T>(names: readonly T[]): T =>
    at(names, (number - 1) % names.length);
  return {
    annotations: deal(annotationQuirks),
    folder: deal(folderQuirks),
    dicom: deal(dicomQuirks),
  };
}

/** Puts a patient's quirks into the draft, one after the other. */
export function applyQuirks(
  draft: Draft,
  patient: string,
  { annotations, folder, dicom }: PatientQuirks,
  random: RandomStream,
): { readonly draft: Draft; readonly placed: readonly PlacedQuirk[] } {
  const makers = [
    [annotations, annotationMakers[annotations]],
    [folder, folderMakers[folder]],
    [dicom, rewrite(dicom)],
  ] as const;
  const placed: PlacedQuirk[] = [];
  let current = draft;
  for (const [quirk, make] of makers) {
    const changed = make(current, random.stream(quirk));
    if (changed === undefined) continue;
    current = changed.draft;
    placed.push({ patient, quirk, ...changed.placed });
  }
  // What was put into annotations is in the file that counts, also where a correction has another name.
  const before = pathOf(draft, draft.xmlName);
  const after = pathOf(current, current.xmlName);
  const named = placed.map((one) =>
    one.quirk === annotations
      ? {
          ...one,
          files: one.files.map((file) => (file === before ? after : file)),
        }
      : one,
  );
  return { draft: current, placed: named };
}
