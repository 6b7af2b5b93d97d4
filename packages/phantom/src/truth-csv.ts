import { attributes, ratingNames } from '@clip-lung/lidc';

import type { NoduleTruth } from './nodule.js';

/** The columns of `truth.csv`: mm in patient coordinates, voxels as column, row and slice from the lowest z. */
export const truthColumns: readonly string[] = [
  'patient',
  'nodule',
  'x_mm',
  'y_mm',
  'z_mm',
  'column',
  'row',
  'slice',
  'diameter_mm',
  ...attributes,
  'malignancy',
  'malignancy_score',
  'readers',
  ...ratingNames.map((name) => `mean_${name}`),
  'class',
  'attachment',
];

/** The truth about a phantom's nodules, one row each. Plain numbers and words: nothing needs quotes. */
export function encodeTruth(truth: readonly NoduleTruth[]): string {
  const rows = truth.map((nodule) => [
    nodule.patient,
    nodule.nodule,
    ...nodule.center.map(short),
    ...nodule.voxel.map(short),
    short(nodule.diameter),
    ...attributes.map((name) => short(nodule.attributes[name])),
    short(nodule.malignancy),
    short(nodule.score),
    nodule.readers,
    ...ratingNames.map((name) => short(nodule.ratings[name])),
    nodule.label,
    nodule.attachment,
  ]);
  return [truthColumns, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function short(value: number): string {
  return String(Number(value.toFixed(4)));
}
