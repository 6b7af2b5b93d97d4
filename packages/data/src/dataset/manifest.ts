import { z } from 'zod';

import { collections, labels, labelStatistics, rules } from '@clip-lung/lidc';
import { datasetVersions } from './format.js';

const count = z.int().nonnegative();

/** `manifest.json`: what a dataset was made of, how, and what did not go smoothly. */
export const manifestSchema = z.strictObject({
  format: z.literal('clip-lung-dataset'),
  version: z.literal(datasetVersions),
  collection: z.enum(collections),
  rule: z.enum(rules),
  options: z.strictObject({
    minReaders: z.int().min(1),
    /** what of the malignancy ratings decides the class */
    label: z.enum(labelStatistics),
    /** by how much crops are larger than what a model sees */
    margin: z.number().min(1),
    /** the patients that were asked for: their IDs, or the number of the first ones; null for all */
    patients: z.union([z.array(z.string()), z.int(), z.null()]),
    folds: z.int().min(2),
    seed: z.int(),
  }),
  /** whether nodules have ratings: without them there is no loss on attributes */
  ratings: z.boolean(),
  /** whether the folds were made here, or stand for the source's own split: fold 0 is its test part, fold 1 the rest */
  split: z.enum(['made', 'own']),
  /** how training maps HU to 0..1; the crops themselves are not clipped */
  window: z.strictObject({ low: z.number(), high: z.number() }),
  crop: z.strictObject({
    /** samples along each side, the margin's among them */
    size: z.int().positive(),
    /** side in diameters of the nodule, the margin included; null where crops are of one size in mm */
    scale: z.number().positive().nullable(),
    /** HU outside of the volume and of padding voxels */
    outside: z.number(),
  }),
  counts: z.strictObject({
    nodules: count,
    labels: z.record(z.enum(labels), count),
    /** scans that were prepared, those without nodules among them */
    scans: count,
    /** patients with nodules */
    patients: count,
    /** annotations of the prepared scans */
    annotations: count,
    /** nodules left out: fewer readers than asked for */
    tooFewReaders: count,
    /** nodules left out: the series lacks their slices, or no reader rated their malignancy */
    leftOut: count,
    /** scans in which a nodule has more than four annotations at the least tolerance */
    unresolvedScans: count,
    failedScans: count,
    /** annotated scans of whose series there are no images */
    scansWithoutImages: count,
    /** CT series that nobody annotated */
    seriesWithoutAnnotations: count,
    xmlFiles: count,
    radiographs: count,
    duplicates: count,
    /** DICOM files that are no CT */
    otherModalities: count,
    /** files that are neither XML nor DICOM */
    otherFiles: count,
    /** XML and DICOM files that could not be read */
    unreadable: count,
    /** number of warnings of each kind */
    warnings: z.record(z.string(), count),
  }),
  /** hex SHA-256 of the dataset's other files, by name; none in datasets of version 3 */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
  /** scans that could not be prepared */
  failures: z.array(
    z.strictObject({
      scan: z.string(),
      patient: z.string(),
      file: z.string(),
      message: z.string(),
    }),
  ),
  warnings: z.array(
    z.strictObject({
      code: z.string(),
      file: z.string(),
      message: z.string(),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** A scan that could not be prepared. */
export type ScanFailure = Manifest['failures'][number];
