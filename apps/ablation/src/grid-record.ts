import { join } from 'node:path';

import { type Collection, collections } from '@clip-lung/lidc';
import {
  parseDigestedJson,
  readRunFile,
  RunFileError,
  runFormatVersion,
  type RunFormatVersion,
  toDigestedJson,
} from '@clip-lung/run';
import {
  createFileAtomic,
  FileReadError,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { GridError } from './errors.js';

/** A run of a grid: one experiment, dataset and seed, with its folds. */
export interface GridRun {
  /** the first 16 digits of the run's identity, which names its folder */
  readonly hash: string;
  /** names of the axes' values, by axis, in the order of the axes */
  readonly values: Readonly<Record<string, string>>;
  /** the name of its dataset */
  readonly dataset: string;
  readonly seed: number;
  /** that are trained, counted from 0 */
  readonly folds: readonly number[];
  /** whether it runs code of the user's */
  readonly hasPlugins: boolean;
}

/** A dataset of a grid. */
export interface GridDataset {
  readonly name: string;
  /** absolute */
  readonly folder: string;
  /** hex SHA-256 of its manifest, which has those of its tables and crops */
  readonly manifest: string;
  readonly nodules: number;
  readonly patients: number;
  /** whether its nodules are patients', or simulated, as reports have it */
  readonly collection: Collection;
}

/** A grid as it was last planned: `grid.json`. */
export interface GridRecord {
  readonly formatVersion: RunFormatVersion;
  /** the grid's file, as it was given */
  readonly file: string;
  readonly axes: readonly {
    readonly name: string;
    /** names of its values */
    readonly values: readonly string[];
  }[];
  readonly datasets: readonly GridDataset[];
  /** names of values by axis: what the others are compared with */
  readonly compareWith: Readonly<Record<string, string>>;
  readonly engine: string;
  /** null for the engine's own choice */
  readonly device: string | null;
  /** of every cell; null until the first launch. With another number, results differ by rounding */
  readonly threads: number | null;
  readonly runs: readonly GridRun[];
}

const names = z.record(z.string(), z.string());

const schema = z.strictObject({
  formatVersion: z.literal(runFormatVersion),
  file: z.string(),
  axes: z.array(
    z.strictObject({ name: z.string(), values: z.array(z.string()) }),
  ),
  datasets: z.array(
    z.strictObject({
      name: z.string(),
      folder: z.string(),
      manifest: z.string().regex(/^[0-9a-f]{64}$/),
      nodules: z.int().nonnegative(),
      patients: z.int().nonnegative(),
      collection: z.enum(collections),
    }),
  ),
  compareWith: names,
  engine: z.string(),
  device: z.string().nullable(),
  threads: z.int().positive().nullable(),
  runs: z.array(
    z.strictObject({
      hash: z.string().regex(/^[0-9a-f]{16}$/),
      values: names,
      dataset: z.string(),
      seed: z.int(),
      folds: z.array(z.int().nonnegative()),
      hasPlugins: z.boolean(),
    }),
  ),
}) satisfies z.ZodType<GridRecord>;

/** The files of a grid's folder; nothing is read or made. */
export function gridPaths(folder: string): {
  readonly record: string;
  readonly jobs: string;
  /** the run folder of a hash */
  readonly run: (hash: string) => string;
  /** without its extension */
  readonly table: string;
} {
  return {
    record: join(folder, 'grid.json'),
    jobs: join(folder, 'jobs'),
    run: (hash) => join(folder, 'runs', hash),
    table: join(folder, 'table'),
  };
}

/** @throws `RunFileError` for a record that could not be read back */
export async function writeGridRecord(
  folder: string,
  record: GridRecord,
): Promise<void> {
  const file = gridPaths(folder).record;
  await writeFileAtomic(file, toDigestedJson(record, schema, file));
}

/** Writes the first record of a grid. @returns false where there is one already */
export function createGridRecord(
  folder: string,
  record: GridRecord,
): Promise<boolean> {
  const file = gridPaths(folder).record;
  return createFileAtomic(file, toDigestedJson(record, schema, file));
}

/** @throws `MissingRunFileError` for a folder that is not a grid's, {@link GridError} for a file that is not as it was written */
export async function readGridRecord(folder: string): Promise<GridRecord> {
  const file = gridPaths(folder).record;
  const bytes = await readRunFile(
    file,
    'there is no such file, so this is not the folder of a grid; give the one that `ablate` wrote (--out)',
  );
  try {
    return parseDigestedJson(bytes, schema, file);
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    throw new GridError(
      `${error.message}; put it back, or remove it and start ablate with the grid's file again: the runs stay, and --threads has to give the number that they began with`,
      { cause: error },
    );
  }
}

/**
 * The record of a grid that may not have begun.
 *
 * @returns undefined for a folder that is not there, is empty, or has lost its record
 * @throws {@link GridError} for a folder that holds something else
 */
export async function readEarlierRecord(
  folder: string,
  names: (folder: string) => Promise<readonly string[]>,
): Promise<GridRecord | undefined> {
  let found: readonly string[];
  try {
    found = await names(folder);
  } catch (error) {
    if (isOfSystem(error, 'ENOENT')) return undefined;
    if (!isOfSystem(error, 'ENOTDIR')) throw new FileReadError(folder, error);
    throw new GridError(
      `${folder}: is a file, or is inside one; expected a folder, or the name of a new one`,
      { cause: error },
    );
  }
  if (found.includes('grid.json')) return readGridRecord(folder);
  const isOfGrid = (name: string): boolean =>
    /^(\.grid\.json\..*|runs|jobs|table(-by-\w+)?\.\w+)$/.test(name);
  if (found.every(isOfGrid)) return undefined;
  throw new GridError(
    `${folder}: is not empty, and not the folder of a grid (no grid.json); choose another folder`,
  );
}

function isOfSystem(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
