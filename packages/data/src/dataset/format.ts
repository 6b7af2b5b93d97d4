import { attributes, ratingNames } from '@clip-lung/lidc';

/**
 * The version of the dataset folder's files: since version 4, the manifest has their digests; since version 5, classes are the
 * dataset's own, and there are the tables and columns that its source has.
 */
export const datasetVersion = 5;

/** The versions that are read. */
export const datasetVersions = [3, 4, datasetVersion] as const;

/** The files of a dataset folder. */
export const datasetFiles = {
  manifest: 'manifest.json',
  nodules: 'nodules.csv',
  scans: 'scans.csv',
  crops: 'crops.npy',
  folds: 'folds.csv',
  readers: 'readers.csv',
  columns: 'columns.csv',
} as const;

/** What `nodules.csv` has whatever the source; a source with ratings has a column for each attribute, too. */
export const commonNoduleColumns = ['id', 'patient', 'label'] as const;

/**
 * The columns of LIDC-IDRI's `nodules.csv`. x, y, z: centre in patient coordinates, mm; column, row, slice: the same as voxel indices;
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

/** `part` is the side of a split that the source has itself: train, validation or test; else it is empty, or not there. */
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

/** A table to write. */
export interface Table<Column extends string = string> {
  readonly columns: readonly Column[];
  readonly rows: readonly Row<Column>[];
}

export type NoduleRow = Row<(typeof noduleColumns)[number]>;
export type ReaderRow = Row<(typeof readerColumns)[number]>;
export type ScanRow = Row<(typeof scanColumns)[number]>;
