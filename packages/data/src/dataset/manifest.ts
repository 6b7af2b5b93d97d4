import { collections, type Rule } from '@clip-lung/lidc';
import { z } from 'zod';

import { datasetVersions } from './format.js';
import { type LidcRecord, sourceRecordSchema } from './source-record.js';

const count = z.int().nonnegative();
const names = z
  .array(z.string().min(1))
  .refine(
    (all) => new Set(all).size === all.length,
    'expected names that differ',
  );

/** `manifest.json`: what a dataset was made of, how, and what did not go smoothly. */
export const manifestSchema = z.strictObject({
  format: z.literal('clip-lung-dataset'),
  version: z.literal(datasetVersions),
  collection: z.enum(collections),
  source: sourceRecordSchema,
  /** what its nodules are divided into; where they are ordered, in that order */
  classes: z.strictObject({
    names: names.min(2, 'expected two classes or more'),
    ordered: z.boolean(),
  }),
  /** what its nodules have ratings of: without any there is no loss on attributes */
  attributes: names,
  /** the further numbers in `columns.csv` */
  columns: names,
  /**
   * where the folds come from: made here, patients kept together; given by the source; or the source's own split, of which
   * fold 0 is the test part and fold 1 the rest
   */
  split: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('made'),
      folds: z.int().min(2),
      seed: z.int(),
    }),
    z.strictObject({ kind: z.literal('given'), folds: z.int().min(2) }),
    z.strictObject({ kind: z.literal('own') }),
  ]),
  /** how training maps HU to 0..1; the crops themselves are not clipped */
  window: z.strictObject({ low: z.number(), high: z.number() }),
  crop: z.strictObject({
    /** samples along each side, the margin's among them */
    size: z.int().positive(),
    /** side in diameters of the nodule, the margin included; null where the source does not tell */
    scale: z.number().positive().nullable(),
    /** HU outside of the volume and of padding voxels; null where the source does not tell */
    outside: z.number().nullable(),
  }),
  counts: z.strictObject({
    nodules: count,
    /** of each class */
    labels: z.record(z.string(), count),
    /** patients with nodules */
    patients: count,
    /** number of warnings of each kind */
    warnings: z.record(z.string(), count),
  }),
  /** hex SHA-256 of the dataset's other files, by name; none in datasets of version 3 */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
  warnings: z.array(
    z.strictObject({
      code: z.string(),
      file: z.string(),
      message: z.string(),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Of a dataset that was made of LIDC-IDRI's files. */
export type LidcManifest = Manifest & { readonly source: LidcRecord };

/** The rule by which malignancy becomes a class; undefined where the source brings its classes. */
export function ruleOf({ source }: Pick<Manifest, 'source'>): Rule | undefined {
  return source.name === 'lidc' ? source.rule : undefined;
}
