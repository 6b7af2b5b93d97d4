import type { NdArray } from '@clip-lung/tensor';

import type { Label } from '../label.js';
import type { Attribute } from '../ratings.js';
import type { Manifest } from './manifest.js';

/** One nodule of a dataset: a row of `nodules.csv` and of `folds.csv`, and an item of `crops.npy`. */
export interface DatasetNodule {
  /** the same in every dataset made of the same annotations, whatever the options: patient, scan, number in the scan */
  readonly id: string;
  readonly patient: string;
  /** Series Instance UID */
  readonly scan: string;
  /** centre in DICOM's patient coordinates, mm */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** of the sphere of equal volume, mm */
  readonly diameter: number;
  /** number of readers who annotated it */
  readonly readers: number;
  /** mean over the readers, 1 to 5 */
  readonly malignancy: number;
  readonly label: Label;
  /** means over the readers */
  readonly ratings: Record<Attribute, number>;
  readonly fold: number;
}

/** A dataset folder, read and checked. */
export interface Dataset {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly nodules: readonly DatasetNodule[];
  /** HU, [N, 32, 32, 32] in the order of `nodules`, axes z, y, x */
  readonly crops: NdArray<'int16'>;
}
