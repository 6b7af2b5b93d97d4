import type { NdArray } from '@clip-lung/tensor';

import type { Manifest } from './manifest.js';

/** The sides of a split. */
export const parts = ['train', 'validation', 'test'] as const;

export type Part = (typeof parts)[number];

/** One nodule of a dataset: a row of `nodules.csv` and of `folds.csv`, and an item of `crops.npy`. */
export interface DatasetNodule {
  /** the same in every dataset made of the same annotations, whatever the options: patient, scan, number in the scan */
  readonly id: string;
  readonly patient: string;
  /** Series Instance UID; undefined where the source does not tell */
  readonly scan?: string | undefined;
  /** centre in DICOM's patient coordinates, mm; NaN where the source does not tell */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** of the sphere of equal volume, mm; NaN where the source does not tell */
  readonly diameter: number;
  /** number of readers who annotated it; NaN where the source does not tell */
  readonly readers: number;
  /** mean over the readers, or their median, 1 to 5; null where the source has no ratings */
  readonly malignancy: number | null;
  /**
   * each reader's malignancy, 1 to 5, in the order of the annotation file: whole, but for a reader who drew the nodule in
   * several pieces, of whom it is the mean; empty where the source has none
   */
  readonly malignancyRatings: readonly number[];
  /** one of the dataset's classes */
  readonly label: string;
  /** of the dataset's attributes, means over the readers; null where the source has no ratings */
  readonly ratings: Readonly<Record<string, number>> | null;
  /** further numbers that the source has of it, by the columns of `columns.csv`; default none */
  readonly columns?: Readonly<Record<string, number>> | undefined;
  readonly fold: number;
  /** its side of the split that the source has itself; undefined where folds were made */
  readonly part?: Part | undefined;
}

/** A scan of LIDC-IDRI that nodules are of: what `scans.csv` tells of it. */
export interface DatasetScan {
  readonly patient: string;
  /** DICOM's Manufacturer; undefined where the headers do not tell */
  readonly manufacturer?: string | undefined;
  /** DICOM's Slice Thickness, mm; the spacing of the slices where the headers do not tell */
  readonly sliceThickness: number;
}

/** A dataset folder, read and checked. */
export interface Dataset {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly nodules: readonly DatasetNodule[];
  /** by Series Instance UID; undefined where the source does not tell */
  readonly scans?: ReadonlyMap<string, DatasetScan> | undefined;
  /** HU, [N, 32, 32, 32] in the order of `nodules`, axes z, y, x; with the margin, more than 32 */
  readonly crops: NdArray<'int16'>;
}
