import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { cropSize } from '@clip-lung/lidc';
import {
  at,
  FileFormatError,
  formatShape,
  type NdArray,
} from '@clip-lung/tensor';
import { fileDigest, readFileUpTo, readNpy } from '@clip-lung/tensor/node';

import { middleOf } from '../../crop/middle.js';
import { expectNoLeak } from '../../dataset/folds.js';
import {
  commonNoduleColumns,
  datasetFiles,
  noduleColumns,
  scanColumns,
} from '../../dataset/format.js';
import type { Manifest } from '../../dataset/manifest.js';
import type {
  Dataset,
  DatasetNodule,
  DatasetScan,
} from '../../dataset/nodule.js';
import { DatasetError } from '../../errors.js';
import { limits } from '../../limits.js';
import { readManifest } from './manifest-file.js';
import { isLidc, readNodule } from './read-nodule.js';
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
      `${folder}: has no digests, like all datasets of earlier versions: nothing shows whether its files have changed since they were written; prepare it again to add them`,
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
  const isOfLidc = isLidc(manifest);
  const noduleRows = await read<string>(
    datasetFiles.nodules,
    isOfLidc && manifest.attributes.length > 0
      ? noduleColumns
      : [...commonNoduleColumns, ...manifest.attributes],
  );
  const foldRows = await read<string>(datasetFiles.folds, [
    ...['id', 'patient', 'fold'],
    ...(manifest.split.kind === 'own' ? ['part'] : []),
  ]);
  const scans = isOfLidc
    ? readScans(await read(datasetFiles.scans, scanColumns))
    : undefined;
  const columnRows =
    manifest.columns.length === 0
      ? undefined
      : await read<string>(datasetFiles.columns, ['id', ...manifest.columns]);
  for (const name of [datasetFiles.readers, datasetFiles.scans]) {
    // Nothing of it is used here; but a dataset is whole, or it is not.
    if (files[name] !== undefined) await read(name, []);
  }

  const nodules = noduleRows.map((row, i) =>
    readNodule(row, {
      manifest,
      fold: foldRows[i],
      columns: columnRows?.[i],
      scans,
    }),
  );
  if (columnRows !== undefined && columnRows.length !== nodules.length) {
    throw new DatasetError(
      datasetFiles.columns,
      `has ${columnRows.length} rows, ${datasetFiles.nodules} has ${nodules.length}`,
    );
  }
  if (foldRows.length !== nodules.length) {
    throw new DatasetError(
      datasetFiles.folds,
      `has ${foldRows.length} rows, ${datasetFiles.nodules} has ${nodules.length}`,
    );
  }
  expectUnique(noduleRows);
  expectCounts(nodules, manifest);
  expectNoLeak(nodules, (i) => `fold ${at(nodules, i).fold}`);
  const stored = await readCrops(folder, nodules.length, manifest.crop.size);
  if (digest !== undefined && expected !== undefined) {
    expectDigest(datasetFiles.crops, await digest, expected);
  }
  const crops = margin ? stored : middleOf(stored, cropSize);
  return { folder, manifest, nodules, scans, crops };
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

function readScans(
  rows: readonly TableRow<(typeof scanColumns)[number]>[],
): ReadonlyMap<string, DatasetScan> {
  const scans = new Map<string, DatasetScan>();
  for (const row of rows) {
    const scan = row.text('scan');
    if (scans.has(scan)) row.refuse(`scan ${scan} is listed twice`);
    scans.set(scan, {
      patient: row.text('patient'),
      manufacturer: row.optional('manufacturer'),
      sliceThickness: row.number('sliceThickness', 0, Infinity, `scan ${scan}`),
    });
  }
  return scans;
}

function expectUnique(rows: readonly TableRow<string>[]): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const id = row.text('id');
    if (seen.has(id)) row.refuse(`nodule ${id} is listed twice`);
    seen.add(id);
  }
}

function expectCounts(
  nodules: readonly DatasetNodule[],
  { counts, classes }: Manifest,
): void {
  const found = [
    ['nodules', nodules.length, counts.nodules],
    ...classes.names.map(
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
      `has ${there} ${what}, ${datasetFiles.manifest} says ${expected ?? 'nothing about them'}`,
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
