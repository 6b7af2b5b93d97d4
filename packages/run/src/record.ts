import {
  type Collection,
  collections,
  type Subset,
  subsets,
} from '@clip-lung/lidc';
import { createFileAtomic, writeFileAtomic } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { parseDigestedJson, toDigestedJson } from './digested-json.js';
import { formatVersion, type RunFormatVersion } from './format-version.js';
import { readRunFile } from './missing.js';
import { runPaths } from './paths.js';

/** `random`: a tower without meaning, for demos and tests. `none`: the experiment uses no text. */
export const runTexts = ['random', 'clip', 'none'] as const;

export type RunText = (typeof runTexts)[number];

/** What was run, on what: enough to run it again. Written when a run starts. */
export interface RunRecord {
  /** of a file that is read; what is written is of the latest */
  readonly formatVersion: RunFormatVersion;
  /** the resolved experiment, as plain JSON */
  readonly experiment: Readonly<Record<string, unknown>>;
  readonly data: {
    readonly collection: Collection;
    /** the dataset's folder, as it was given */
    readonly folder: string;
    /** hex SHA-256 of what training took from it; absent in runs that did not keep it yet */
    readonly sha256?: string | undefined;
    /** nodules of the subset, over all folds */
    readonly nodules: number;
    readonly subset: Subset;
    readonly folds: number;
  };
  readonly text: RunText;
  /** name or folder of the text tower's weights; empty where there are none */
  readonly textModel: string;
  /** hex SHA-256 of the weights' file; null where there is none */
  readonly textSha256: string | null;
  /** names of the classes that the model tells apart, in the order of its outputs */
  readonly classes: readonly string[];
  /** whether the classes are degrees of one thing, in their order; absent in runs of before there were others, when they were */
  readonly ordered?: boolean | undefined;
  readonly engine: string;
  readonly device: string;
  /** name of the machine that the run began on; absent in runs that did not keep it yet */
  readonly host?: string | undefined;
  /** versions, by name: `{ node: '20.20.2', 'clip-lung': '0.1.0' }` */
  readonly software: Readonly<Record<string, string>>;
  /** plugins that the run went on without, the first first: those of the experiment above took their place */
  readonly replacedPlugins?: readonly ReplacedPlugins[] | undefined;
  /** how many epochs the run was to have before it was given more, the first first */
  readonly extended?: readonly Extension[] | undefined;
}

/** Epochs that a run was given in addition: `train --resume` with a larger `training.epochs`. */
export interface Extension {
  /** that it was to have before */
  readonly from: number;
  /** that each fold had done by then, by its number */
  readonly epochs: Readonly<Record<string, number>>;
}

/** What `--plugins current` replaced. */
export interface ReplacedPlugins {
  /** as the experiment had them, plain JSON */
  readonly plugins: readonly unknown[];
  /** epochs that each fold had done by then, by its number */
  readonly epochs: Readonly<Record<string, number>>;
}

const sha256 = (expected: string) =>
  z.string().regex(/^[0-9a-f]{64}$/, expected);

const epochsOfFolds = z.record(z.string(), z.int().nonnegative());

const record = z.strictObject({
  formatVersion,
  experiment: z.record(z.string(), z.unknown()),
  data: z.strictObject({
    collection: z.enum(collections),
    folder: z.string(),
    sha256: sha256('expected 64 hexadecimal digits').optional(),
    nodules: z.int().nonnegative(),
    subset: z.enum(subsets),
    folds: z.int().positive(),
  }),
  text: z.enum(runTexts),
  textModel: z.string(),
  textSha256: sha256('expected 64 hexadecimal digits, or null').nullable(),
  classes: z
    .array(z.string().min(1))
    .min(2)
    .refine(
      (names) => new Set(names).size === names.length,
      'expected names that differ',
    ),
  ordered: z.boolean().optional(),
  engine: z.string(),
  device: z.string(),
  host: z.string().optional(),
  software: z.record(z.string(), z.string()),
  replacedPlugins: z
    .array(
      z.strictObject({
        plugins: z.array(z.unknown()),
        epochs: epochsOfFolds,
      }),
    )
    .optional(),
  extended: z
    .array(z.strictObject({ from: z.int().positive(), epochs: epochsOfFolds }))
    .optional(),
}) satisfies z.ZodType<RunRecord>;

/**
 * Writes `experiment.json` with its digest, checked as it will be read.
 *
 * @throws `RunFileError` for a record that could not be read back, `NotJsonError` for an experiment that is not JSON
 */
export async function writeRunRecord(
  folder: string,
  value: RunRecord,
): Promise<void> {
  const file = runPaths(folder).experiment;
  await writeFileAtomic(file, toDigestedJson(value, record, file));
}

/**
 * Writes `experiment.json`, unless the folder has one.
 *
 * @returns whether it was written: of several folds that start at the same moment, one writes it
 * @throws as {@link writeRunRecord}
 */
export async function createRunRecord(
  folder: string,
  value: RunRecord,
): Promise<boolean> {
  const file = runPaths(folder).experiment;
  return createFileAtomic(file, toDigestedJson(value, record, file));
}

/**
 * @throws `MissingRunFileError` when the folder is no run, `RunFileError` for a record that is not as it was written, or not
 *   as it should be
 */
export async function readRunRecord(folder: string): Promise<RunRecord> {
  const file = runPaths(folder).experiment;
  const bytes = await readRunFile(
    file,
    'there is no such file, so this is not a run folder; give the folder that `train` wrote (--out)',
  );
  return parseDigestedJson(bytes, record, file);
}

/**
 * Holds the bytes of a file that may be a run's record against the digest that it carries.
 *
 * @throws `RunFileError` for a record that is not as it was written; what else may be in the file is not looked at
 */
export function expectRecordDigest(bytes: Uint8Array, file: string): void {
  parseDigestedJson(bytes, z.unknown(), file);
}
