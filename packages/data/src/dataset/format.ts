import { attributes } from '../ratings.js';

/** The files of a dataset folder. */
export const datasetFiles = {
  manifest: 'manifest.json',
  nodules: 'nodules.csv',
  scans: 'scans.csv',
  crops: 'crops.npy',
  folds: 'folds.csv',
} as const;

/**
 * The columns of `nodules.csv`. x, y, z: centre in patient coordinates, mm; column, row, slice: the same as voxel indices;
 * diameter in mm, volume in mm³; readers and annotations are numbers of them.
 */
export const noduleColumns = [
  'id',
  'patient',
  'scan',
  'x',
  'y',
  'z',
  'column',
  'row',
  'slice',
  'diameter',
  'volume',
  'readers',
  'annotations',
  'malignancy',
  'label',
  ...attributes,
] as const;

/**
 * The columns of `scans.csv`. scan: Series Instance UID; xml: the annotation file; spacings and thickness in mm; tolerance
 * and resolved: how annotations were grouped.
 */
export const scanColumns = [
  'scan',
  'patient',
  'xml',
  'manufacturer',
  'slices',
  'rows',
  'columns',
  'rowSpacing',
  'columnSpacing',
  'sliceSpacing',
  'sliceThickness',
  'annotations',
  'nodules',
  'tolerance',
  'resolved',
] as const;

export const foldColumns = ['id', 'patient', 'fold'] as const;

export type Row<Column extends string> = Readonly<
  Record<Column, string | number>
>;
export type NoduleRow = Row<(typeof noduleColumns)[number]>;
export type ScanRow = Row<(typeof scanColumns)[number]>;
export type FoldRow = Row<(typeof foldColumns)[number]>;
