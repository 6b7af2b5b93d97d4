import { attributes, ratingNames } from '@clip-lung/lidc';

/** The version of the dataset folder's files: since version 4, the manifest has their digests. */
export const datasetVersion = 4;

/** The versions that are read. */
export const datasetVersions = [3, datasetVersion] as const;

/** The files of a dataset folder. */
export const datasetFiles = {
  manifest: 'manifest.json',
  nodules: 'nodules.csv',
  scans: 'scans.csv',
  crops: 'crops.npy',
  folds: 'folds.csv',
  readers: 'readers.csv',
} as const;

/**
 * The columns of `nodules.csv`. x, y, z: centre in patient coordinates, mm; column, row, slice: the same as voxel indices;
 * diameter in mm, volume in mm³; readers and annotations are numbers of them; malignancyRatings is
 * what each reader says, between blanks.
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
  'malignancyRatings',
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

/** `part` is the side of a split that the source has itself: train, validation or test; else it is empty. */
export const foldColumns = ['id', 'patient', 'fold', 'part'] as const;

const statistics = ['Readers', 'Mean', 'Median', 'Spread'] as const;

/**
 * The columns of `readers.csv`: how far the readers of a nodule agree. pairs: of readers; dice: the mean Dice coefficient of
 * their masks, and diceLeast the least; then for every rating the number of readers whose rating is in range, their mean,
 * median and standard deviation. Empty where there is nothing to say.
 */
export const readerColumns = [
  'id',
  'readers',
  'pairs',
  'dice',
  'diceLeast',
  ...ratingNames.flatMap((name) =>
    statistics.map((statistic) => `${name}${statistic}` as const),
  ),
] as const;

export type Row<Column extends string> = Readonly<
  Record<Column, string | number>
>;
export type NoduleRow = Row<(typeof noduleColumns)[number]>;
export type ReaderRow = Row<(typeof readerColumns)[number]>;
export type ScanRow = Row<(typeof scanColumns)[number]>;
export type FoldRow = Row<(typeof foldColumns)[number]>;
