import {
  highestRating,
  labelOf,
  type LabelStatistic,
  type RatingName,
  ratingNames,
} from '@clip-lung/lidc';

import { datasetFiles } from '../../dataset/format.js';
import type { LidcManifest, Manifest } from '../../dataset/manifest.js';
import {
  type DatasetNodule,
  type DatasetScan,
  type Part,
  parts,
} from '../../dataset/nodule.js';
import { labelStatisticOf } from '../../nodules/means.js';
import type { TableRow } from './table.js';

/** Whether a dataset was made of LIDC-IDRI's files. */
export function isLidc(manifest: Manifest): manifest is LidcManifest {
  return manifest.source.name === 'lidc';
}

/** What a nodule's row is held against. */
export interface NoduleContext {
  readonly manifest: Manifest;
  /** the nodule's row in `folds.csv` */
  readonly fold: TableRow<string> | undefined;
  /** the nodule's row in `columns.csv`, where there is one */
  readonly columns: TableRow<string> | undefined;
  /** by their UIDs, where the source tells of scans */
  readonly scans: ReadonlyMap<string, DatasetScan> | undefined;
}

/** Reads a row of `nodules.csv`. @throws `DatasetError` that names the file, the line and the value that is wrong */
export function readNodule(
  row: TableRow<string>,
  { manifest, fold: foldRow, columns, scans }: NoduleContext,
): DatasetNodule {
  const id = row.text('id');
  const patient = row.text('patient');
  const scan = scans === undefined ? undefined : row.text('scan');
  const where = scan === undefined ? `nodule ${id}` : `scan ${scan}`;
  const place = `${where}, patient ${patient}`;
  if (scans !== undefined && scan !== undefined) {
    const owner = scans.get(scan)?.patient;
    if (owner !== patient) {
      row.refuse(
        `${datasetFiles.scans} ${owner === undefined ? 'lacks its scan' : `says that it is of patient "${owner}"`} (${place})`,
      );
    }
  }
  const label = row.text('label');
  const { names } = manifest.classes;
  if (!names.includes(label)) {
    row.refuse(
      `"label" is "${label}", expected one of ${names.join(', ')} (${place})`,
    );
  }
  if (foldRow === undefined) {
    return row.refuse(`nodule ${id} has no row in ${datasetFiles.folds}`);
  }
  expectOf(foldRow, { id, patient });
  const { split } = manifest;
  const folds = split.kind === 'own' ? 2 : split.folds;
  const fold = foldRow.whole('fold', 0, folds - 1, `nodule ${id}`);
  const own = { id, patient, scan, label, fold };
  const common = { ...own, part: partOf(foldRow, fold, manifest) };
  if (isLidc(manifest) && manifest.attributes.length > 0) {
    return { ...common, ...readRated(row, label, manifest, place) };
  }
  const unknown = { x: NaN, y: NaN, z: NaN, diameter: NaN, readers: NaN };
  return {
    ...common,
    ...unknown,
    malignancy: null,
    malignancyRatings: [],
    ratings:
      manifest.attributes.length === 0
        ? null
        : numbersOf(row, manifest.attributes, place),
    columns:
      columns === undefined
        ? undefined
        : numbersOf(expectOf(columns, { id }), manifest.columns, place),
  };
}

/** A row of another table than `nodules.csv` has to be of the same nodule. */
function expectOf(
  row: TableRow<string>,
  own: { readonly id: string; readonly patient?: string },
): TableRow<string> {
  const entries = Object.entries(own);
  if (entries.every(([name, value]) => row.text(name) === value)) return row;
  const found = entries.map(([name]) => row.text(name));
  return row.refuse(
    `is of nodule ${found.join(', patient ')}; expected ${entries.map(([, value]) => value).join(', ')}, as in ${datasetFiles.nodules}`,
  );
}

function numbersOf(
  row: TableRow<string>,
  names: readonly string[],
  where: string,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    names.map((name) => [name, row.number(name, -Infinity, Infinity, where)]),
  );
}

/** What LIDC-IDRI tells of a nodule besides. */
function readRated(
  row: TableRow<string>,
  label: string,
  { source: { rule, options }, attributes }: LidcManifest,
  where: string,
) {
  const number = (name: string, least = -Infinity, most = Infinity): number =>
    row.number(name, least, most, where);
  const malignancy = number('malignancy', 1, highestRating.malignancy);
  if (label !== labelOf(malignancy, rule)) {
    row.refuse(
      `"label" is "${label}", but a malignancy of ${malignancy} is ${labelOf(malignancy, rule)} by the rule ${rule} (${where})`,
    );
  }
  return {
    x: number('x'),
    y: number('y'),
    z: number('z'),
    diameter: number('diameter', 0),
    readers: row.whole('readers', options.minReaders, Infinity, where),
    malignancy,
    malignancyRatings: readMalignancies(row, malignancy, options.label, where),
    ratings: Object.fromEntries(
      attributes.map((name) => [name, number(name, 1, highestOf(name))]),
    ),
  };
}

function highestOf(attribute: string): number {
  const name = ratingNames.find(
    (known): known is RatingName => known === attribute,
  );
  return name === undefined ? Infinity : highestRating[name];
}

/** What each reader says of malignancy, which has to give what the row says of all. */
function readMalignancies(
  row: TableRow<string>,
  malignancy: number,
  label: LabelStatistic,
  where: string,
): readonly number[] {
  const text = row.text('malignancyRatings');
  const most = highestRating.malignancy;
  const values = text.split(' ').map(Number);
  if (!values.every((value) => value >= 1 && value <= most)) {
    row.refuse(
      `"malignancyRatings" is "${text}", expected numbers from 1 to ${most} with spaces between them (${where})`,
    );
  }
  const together = labelStatisticOf(values, label);
  // A table that another tool has written may have fewer digits.
  if (Math.abs(together - malignancy) > 1e-3) {
    row.refuse(
      `"malignancyRatings" is "${text}", of which the ${label} is ${together}, but "malignancy" is ${malignancy} (${where})`,
    );
  }
  return values;
}

/** The side of the source's own split, of which fold 0 is the test part. */
function partOf(
  row: TableRow<string>,
  fold: number,
  { split }: Manifest,
): Part | undefined {
  if (split.kind !== 'own') {
    row.none('part', 'the folds were made, not taken from a source');
    return undefined;
  }
  const part = parts.find((known) => known === row.text('part'));
  if (part === undefined || (part === 'test') !== (fold === 0)) {
    return row.refuse(
      `"part" is "${row.text('part')}" in fold ${fold}, expected one of ${parts.join(', ')}, and fold 0 for test alone`,
    );
  }
  return part;
}
