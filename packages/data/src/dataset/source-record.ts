import { labelStatistics, rules } from '@clip-lung/lidc';
import { z } from 'zod';

const count = z.int().nonnegative();

const lidc = z.strictObject({
  name: z.literal('lidc'),
  rule: z.enum(rules),
  options: z.strictObject({
    minReaders: z.int().min(1),
    /** what of the malignancy ratings decides the class */
    label: z.enum(labelStatistics),
    /** by how much crops are larger than what a model sees */
    margin: z.number().min(1),
    /** the patients that were asked for: their IDs, or the number of the first ones; null for all */
    patients: z.union([z.array(z.string()), z.int(), z.null()]),
  }),
  counts: z.strictObject({
    /** scans that were prepared, those without nodules among them */
    scans: count,
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
    /** DICOM files that are not of a CT */
    otherModalities: count,
    /** files that are neither XML nor DICOM */
    otherFiles: count,
    /** XML and DICOM files that could not be read */
    unreadable: count,
  }),
  /** scans that could not be prepared */
  failures: z.array(
    z.strictObject({
      scan: z.string(),
      patient: z.string(),
      file: z.string(),
      message: z.string(),
    }),
  ),
});

const noduleMnist3d = z.strictObject({ name: z.literal('nodulemnist3d') });

const crops = z.strictObject({
  name: z.literal('crops'),
  /** whether values that can hardly be HU were taken all the same */
  force: z.boolean(),
});

const sourceCode = z.strictObject({
  /** the source's own, without the folder */
  file: z.string(),
  /** hex SHA-256 of that file and of every local file that it imports, by path from its folder */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  /** the version of each package that they import, by name */
  packages: z.record(z.string(), z.string()),
});

const own = z.strictObject({
  name: z.literal('own'),
  /** what the source is called */
  of: z.string(),
  /** as the source had them */
  options: z.record(z.string(), z.unknown()),
  /** what the source is; none where a program brought it */
  code: sourceCode.optional(),
});

/** What a dataset was made of, and how: what only datasets of this source can tell. `own` is a source of your own. */
export const sourceRecordSchema = z.discriminatedUnion('name', [
  lidc,
  noduleMnist3d,
  crops,
  own,
]);

/** The files of a source of one's own. */
export type SourceCode = z.infer<typeof sourceCode>;

export type SourceRecord = z.infer<typeof sourceRecordSchema>;

/** What a dataset of LIDC-IDRI's files says of its source. */
export type LidcRecord = z.infer<typeof lidc>;

/** A scan that could not be prepared. */
export type ScanFailure = LidcRecord['failures'][number];
