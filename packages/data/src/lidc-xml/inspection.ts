import { ratingNames } from '@clip-lung/lidc';

import type { Warning } from '../warning.js';
import { type ContourOddities, contourOddities } from './oddities.js';
import { patientOf } from './patient.js';
import { type CtReadings, contoursOf, pointCount } from './readings.js';

/** What one scan's annotation file holds. */
export interface ScanInspection {
  /** path of the file below the folder, with forward slashes */
  readonly xml: string;
  readonly patient: string | null;
  readonly seriesUid: string;
  readonly annotations: number;
  /** regions of more than one point of the annotations, holes among them */
  readonly contours: number;
  /** edge points of all contours */
  readonly points: number;
  /** sum of the malignancy ratings over the annotations */
  readonly malignancySum: number;
  /** sum of all nine ratings over the annotations */
  readonly ratingsSum: number;
  readonly smallMarks: number;
  readonly nonNodules: number;
  readonly oddities: ContourOddities;
}

/** What a folder of annotation files holds. The counts from `annotations` on are those of the retained scans. */
export interface Inspection {
  /** `.xml` files found */
  readonly files: number;
  /** files with readings of a CT */
  readonly ct: number;
  /** files with readings of a chest radiograph, which are left alone */
  readonly radiographs: number;
  /** files that could not be read; each is among the warnings */
  readonly unreadable: number;
  /** CT files that gave way to another one of their series */
  readonly duplicates: number;
  readonly scans: number;
  /** a scan whose patient is not known counts as a patient of its own */
  readonly patients: number;
  readonly annotations: number;
  readonly contours: number;
  readonly smallMarks: number;
  readonly nonNodules: number;
  readonly oddities: ContourOddities;
  readonly warnings: readonly Warning[];
  readonly perScan: readonly ScanInspection[];
}

/** Counts one scan's readings. @param path of the file, for the patient: may reach above the inspected folder */
export function inspectScan(
  readings: CtReadings,
  path: string,
): ScanInspection {
  const { file, seriesUid, annotations } = readings;
  const contours = annotations.flatMap(contoursOf);
  return {
    xml: file,
    patient: patientOf(path, seriesUid),
    seriesUid,
    annotations: annotations.length,
    contours: contours.length,
    points: sum(contours.map(pointCount)),
    malignancySum: sum(annotations.map(({ ratings }) => ratings.malignancy)),
    ratingsSum: sum(
      annotations.flatMap(({ ratings }) =>
        ratingNames.map((name) => ratings[name]),
      ),
    ),
    smallMarks: readings.smallMarks.length,
    nonNodules: readings.nonNodules.length,
    oddities: contourOddities(annotations),
  };
}

/** Adds up the scans of a folder. */
export function inspectionOf(
  files: Pick<Inspection, 'files' | 'ct' | 'radiographs' | 'unreadable'>,
  perScan: readonly ScanInspection[],
  warnings: readonly Warning[],
): Inspection {
  const known = new Set(perScan.map(({ patient }) => patient));
  known.delete(null);
  const unknown = perScan.filter(({ patient }) => patient === null).length;
  return {
    files: files.files,
    ct: files.ct,
    radiographs: files.radiographs,
    unreadable: files.unreadable,
    duplicates: files.ct - perScan.length,
    scans: perScan.length,
    patients: known.size + unknown,
    annotations: sum(perScan.map((scan) => scan.annotations)),
    contours: sum(perScan.map((scan) => scan.contours)),
    smallMarks: sum(perScan.map((scan) => scan.smallMarks)),
    nonNodules: sum(perScan.map((scan) => scan.nonNodules)),
    oddities: sumOfOddities(perScan.map((scan) => scan.oddities)),
    warnings,
    perScan,
  };
}

function sumOfOddities(all: readonly ContourOddities[]): ContourOddities {
  return {
    holes: sum(all.map(({ holes }) => holes)),
    open: sum(all.map(({ open }) => open)),
    jumping: sum(all.map(({ jumping }) => jumping)),
    singlePoints: sum(all.map(({ singlePoints }) => singlePoints)),
    severalRegions: sum(all.map(({ severalRegions }) => severalRegions)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
