import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { FileFormatError, formatShape, type NdArray } from '@clip-lung/tensor';
import { fileDigest, readFileUpTo, readNpy } from '@clip-lung/tensor/node';

import {
  cropSize,
  highestRating,
  labelOf,
  labels,
  perAttribute,
} from '@clip-lung/lidc';
import { middleOf } from '../crop/middle.js';
import { expectNoLeak } from '../dataset/folds.js';
import {
  datasetFiles,
  foldColumns,
  noduleColumns,
  scanColumns,
} from '../dataset/format.js';
import type { Manifest } from '../dataset/manifest.js';
import {
  type Dataset,
  type DatasetNodule,
  type Part,
  parts,
} from '../dataset/nodule.js';
import { DatasetError } from '../errors.js';
import { limits } from '../limits.js';
import { averageOf, medianOf } from '../nodules/means.js';
import { readManifest } from './manifest-file.js';
import { readTable, type TableRow } from './table.js';

export interface ReadDatasetOptions {
  /** keep the margin of crops that have one; by default they are the 32³ in the middle */
  readonly margin?: boolean;
  /** is told of what cannot be checked, such as a dataset of a version without digests */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Reads a dataset folder and checks it: its files are those that were written, every value is in range, the files agree with each other and with the manifest, and
 * no patient is in two folds.
 *
 * @throws {@link InputError} when there is no dataset at `folder`
 * @throws {@link DatasetError} that names the file, the line and the value that is wrong
 * @throws `PatientLeakError` when a patient is in two folds
 */
export async function readDataset(
  folder: string,
  { margin = false, onNote }: ReadDatasetOptions = {},
): Promise<Dataset> {
  const manifest = await readManifest(folder);
  const { files = {} } = manifest;
  if (manifest.files === undefined) {
    onNote?.(
      `${folder}: carries no digests, as datasets of earlier versions: whether its files are as they were written cannot be told; preparing it again adds them`,
    );
  }
  const expected = files[datasetFiles.crops];
  const digest =
    expected === undefined
      ? undefined
      : fileDigest([join(folder, datasetFiles.crops)]);
  // It is waited for when the crops are read; what fails before then is told instead.
  digest?.catch(() => undefined);
  const read = <Column extends string>(
    name: string,
    columns: readonly Column[],
  ): Promise<readonly TableRow<Column>[]> =>
    readRows(folder, { name, columns, digest: files[name] });
  const noduleRows = await read(datasetFiles.nodules, noduleColumns);
  const foldRows = await read(datasetFiles.folds, foldColumns);
  const scanRows = await read(datasetFiles.scans, scanColumns);
  if (files[datasetFiles.readers] !== undefined) {
    // Nothing of it is used here; but a dataset is whole, or it is not.
    await read(datasetFiles.readers, []);
  }

  const patients = patientsOfScans(scanRows);
  const nodules = noduleRows.map((row, i) =>
    readNodule(row, foldRows[i], patients, manifest),
  );
  if (foldRows.length !== nodules.length) {
    throw new DatasetError(
      datasetFiles.folds,
      `has ${foldRows.length} rows, ${datasetFiles.nodules} has ${nodules.length}`,
    );
  }
  expectUnique(noduleRows);
  expectCounts(nodules, manifest);
  expectNoLeak(nodules, (i) => `fold ${nodules[i]?.fold ?? ''}`);
  const stored = await readCrops(folder, nodules.length, manifest.crop.size);
  if (digest !== undefined && expected !== undefined) {
    expectDigest(datasetFiles.crops, await digest, expected);
  }
  const crops = margin ? stored : middleOf(stored, cropSize);
  return { folder, manifest, nodules, crops };
}

async function readRows<Column extends string>(
  folder: string,
  {
    name,
    columns,
    digest,
  }: {
    readonly name: string;
    readonly columns: readonly Column[];
    /** what the manifest says */
    readonly digest: string | undefined;
  },
): Promise<readonly TableRow<Column>[]> {
  const path = join(folder, name);
  const bytes = await readFileUpTo(path, limits.tableBytes).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DatasetError(name, `cannot be read (${reason})`, {
        cause: error,
      });
    },
  );
  if (digest !== undefined) {
    const found = createHash('sha256').update(bytes).digest('hex');
    expectDigest(name, found, digest);
  }
  return readTable(bytes.toString('utf8'), name, columns);
}

function expectDigest(name: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new DatasetError(
    name,
    `was damaged or changed after it was written: its SHA-256 is ${found}, ${datasetFiles.manifest} says ${expected}; put it back, or prepare the dataset again`,
  );
}

function patientsOfScans(
  rows: readonly TableRow<(typeof scanColumns)[number]>[],
): ReadonlyMap<string, string> {
  const patients = new Map<string, string>();
  for (const row of rows) {
    const scan = row.text('scan');
    if (patients.has(scan)) row.refuse(`scan ${scan} is listed twice`);
    patients.set(scan, row.text('patient'));
  }
  return patients;
}

function readNodule(
  row: TableRow<(typeof noduleColumns)[number]>,
  foldRow: TableRow<(typeof foldColumns)[number]> | undefined,
  patients: ReadonlyMap<string, string>,
  manifest: Manifest,
): DatasetNodule {
  const { rule, options } = manifest;
  const scan = row.text('scan');
  const patient = row.text('patient');
  const where = `scan ${scan}, patient ${patient}`;
  const id = row.text('id');
  if (patients.get(scan) !== patient) {
    row.refuse(
      `${datasetFiles.scans} ${patients.has(scan) ? `says that it is of patient "${patients.get(scan) ?? ''}"` : 'lacks its scan'} (${where})`,
    );
  }
  const number = (
    name: Parameters<typeof row.number>[0],
    least = -Infinity,
    most = Infinity,
  ): number => row.number(name, least, most, where);
  const malignancy = manifest.ratings
    ? number('malignancy', 1, highestRating.malignancy)
    : null;
  const label =
    labels.find((known) => known === row.text('label')) ??
    row.refuse(
      `"label" is "${row.text('label')}", expected one of ${labels.join(', ')} (${where})`,
    );
  if (malignancy !== null && label !== labelOf(malignancy, rule)) {
    row.refuse(
      `"label" is "${row.text('label')}", but a malignancy of ${malignancy} is ${labelOf(malignancy, rule)} by the rule ${rule} (${where})`,
    );
  }
  if (foldRow === undefined) {
    return row.refuse(`nodule ${id} has no row in ${datasetFiles.folds}`);
  }
  if (foldRow.text('id') !== id || foldRow.text('patient') !== patient) {
    foldRow.refuse(
      `is of nodule ${foldRow.text('id')}, patient ${foldRow.text('patient')}; expected ${id}, ${patient}, as in ${datasetFiles.nodules}`,
    );
  }
  const fold = foldRow.whole('fold', 0, options.folds - 1, `nodule ${id}`);
  if (!manifest.ratings) {
    const unknown = { x: NaN, y: NaN, z: NaN, diameter: NaN, readers: NaN };
    const part = partOf(foldRow, fold, manifest);
    return {
      ...{ id, patient, scan, label, fold, part, ...unknown },
      malignancy: null,
      malignancyRatings: [],
      ratings: null,
    };
  }
  return {
    id,
    patient,
    scan,
    x: number('x'),
    y: number('y'),
    z: number('z'),
    diameter: number('diameter', 0),
    readers: row.whole('readers', options.minReaders, Infinity, where),
    malignancy,
    malignancyRatings: readMalignancies(row, malignancy ?? NaN, options, where),
    label,
    ratings: perAttribute((name) => number(name, 1, highestRating[name])),
    fold,
    part: partOf(foldRow, fold, manifest),
  };
}

/** What each reader says of malignancy, which has to give what the row says of all. */
function readMalignancies(
  row: TableRow<(typeof noduleColumns)[number]>,
  malignancy: number,
  { label }: Manifest['options'],
  where: string,
): readonly number[] {
  const text = row.text('malignancyRatings');
  const most = highestRating.malignancy;
  const values = text.split(' ').map(Number);
  if (!values.every((value) => value >= 1 && value <= most)) {
    row.refuse(
      `"malignancyRatings" is "${text}", expected numbers from 1 to ${most} between blanks (${where})`,
    );
  }
  const together = label === 'mean' ? averageOf(values) : medianOf(values);
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
  row: TableRow<(typeof foldColumns)[number]>,
  fold: number,
  { split }: Manifest,
): Part | undefined {
  if (split === 'made') {
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

function expectUnique(
  rows: readonly TableRow<(typeof noduleColumns)[number]>[],
): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const id = row.text('id');
    if (seen.has(id)) row.refuse(`nodule ${id} is listed twice`);
    seen.add(id);
  }
}

function expectCounts(
  nodules: readonly DatasetNodule[],
  { counts }: Manifest,
): void {
  const found = [
    ['nodules', nodules.length, counts.nodules],
    ...labels.map(
      (label) =>
        [
          `${label} nodules`,
          nodules.filter((nodule) => nodule.label === label).length,
          counts.labels[label],
        ] as const,
    ),
  ] as const;
  for (const [what, there, expected] of found) {
    if (there === expected) continue;
    throw new DatasetError(
      datasetFiles.nodules,
      `has ${there} ${what}, ${datasetFiles.manifest} says ${expected}`,
    );
  }
}

async function readCrops(
  folder: string,
  count: number,
  size: number,
): Promise<NdArray<'int16'>> {
  const name = datasetFiles.crops;
  const crops = await readNpy(join(folder, name)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    const problem =
      error instanceof FileFormatError ? reason : `cannot be read (${reason})`;
    throw new DatasetError(name, problem, { cause: error });
  });
  const expected = [count, size, size, size];
  if (
    !crops.is('int16') ||
    formatShape(crops.shape) !== formatShape(expected)
  ) {
    throw new DatasetError(
      name,
      `holds ${crops.dtype} ${formatShape(crops.shape)}, expected int16 ${formatShape(expected)}, a crop for every row of ${datasetFiles.nodules}`,
    );
  }
  return crops;
}
