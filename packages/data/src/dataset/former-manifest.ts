import { attributes, collections, labels } from '@clip-lung/lidc';
import { z } from 'zod';

import { type Manifest, manifestSchema } from './manifest.js';
import { type LidcRecord, sourceRecordSchema } from './source-record.js';

const [lidc] = sourceRecordSchema.options;
const { rule, options, counts, failures } = lidc.shape;
const { files, warnings, crop, window } = manifestSchema.shape;

/** The manifest of datasets of the versions 3 and 4, which had LIDC-IDRI's classes and counts whatever they were made of. */
export const formerManifestSchema = z.strictObject({
  format: z.literal('clip-lung-dataset'),
  version: z.literal([3, 4]),
  collection: z.enum(collections),
  rule,
  options: z.strictObject({
    ...options.shape,
    folds: z.int().min(2),
    seed: z.int(),
  }),
  ratings: z.boolean(),
  split: z.enum(['made', 'own']),
  window,
  crop,
  counts: z.strictObject({
    ...counts.shape,
    nodules: z.int().nonnegative(),
    labels: z.record(z.enum(labels), z.int().nonnegative()),
    patients: z.int().nonnegative(),
    warnings: z.record(z.string(), z.int().nonnegative()),
  }),
  files,
  failures,
  warnings,
});

/** What a former manifest says, as it is said today. */
export function fromFormer({
  rule,
  options: { folds, seed, ...options },
  ratings,
  split,
  counts: { nodules, labels: ofLabels, patients, warnings, ...counts },
  failures,
  ...same
}: z.infer<typeof formerManifestSchema>): Manifest {
  const lidcSource: LidcRecord = {
    name: 'lidc',
    rule,
    options,
    counts,
    failures,
  };
  const isMnist = same.collection === 'nodulemnist3d';
  const names = isMnist ? labels.filter((name) => name !== 'unsure') : labels;
  return {
    ...same,
    source: isMnist ? { name: 'nodulemnist3d' } : lidcSource,
    classes: { names: [...names], ordered: true },
    attributes: ratings ? [...attributes] : [],
    columns: [],
    split: split === 'own' ? { kind: 'own' } : { kind: 'made', folds, seed },
    counts: {
      nodules,
      labels: Object.fromEntries(names.map((name) => [name, ofLabels[name]])),
      patients,
      warnings,
    },
  };
}
