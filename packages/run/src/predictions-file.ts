import { createHash } from 'node:crypto';

import { quotedInSpreadsheets, toSpreadsheetCell } from '@clip-lung/tensor';
import { isMissing, writeFileAtomic } from '@clip-lung/tensor/node';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';

import { type ClassifiedBy, waysToClassify } from './classified-by.js';
import { parseDigestedJson, toDigestedJson } from './digested-json.js';
import { MissingRunFileError, RunFileError } from './error.js';
import { formatVersion, type RunFormatVersion } from './format-version.js';
import { readRunFile } from './missing.js';
import { expectOrigin, type FileOrigin, type RunOrigin } from './origin.js';
import { parsePredictions } from './parse-predictions.js';
import type { FoldPaths } from './paths.js';
import {
  predictionColumns,
  type Predictions,
  probabilityPrefix,
} from './predictions.js';

/** What lies beside predictions: whose they are, and their digest. */
interface PredictionsInfo extends FileOrigin {
  readonly formatVersion: RunFormatVersion;
  readonly by: ClassifiedBy;
  readonly rows: number;
  /** hex SHA-256 of the CSV file */
  readonly predictions: string;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');

const predictionsInfo = z.strictObject({
  formatVersion,
  fold: z.int().nonnegative(),
  by: z.enum(waysToClassify),
  experimentDigest: sha256,
  dataset: sha256,
  rows: z.int().nonnegative(),
  predictions: sha256,
}) satisfies z.ZodType<PredictionsInfo>;

/**
 * Writes `predictions.csv`: `nodule, patient, label, prediction, p_<class>…`, checked as it will be read, and beside it
 * `predictions.json`, which says whose they are and what their digest is. Numbers are written so that they read back exactly.
 * A text that a spreadsheet would run has a quote before it.
 *
 * @param paths  `foldPaths(…)`
 * @param origin the fold is that of the paths
 * @throws `RunFileError` for predictions that could not be read back
 */
export async function writePredictions(
  paths: FoldPaths,
  predictions: Predictions,
  origin: Omit<FileOrigin, 'fold'>,
): Promise<void> {
  const file = paths.predictions;
  const bytes = Buffer.from(csvOf(predictions, file));
  await parsePredictions(bytes, file);
  const info: PredictionsInfo = {
    formatVersion: 1,
    fold: paths.fold,
    by: paths.by,
    experimentDigest: origin.experimentDigest,
    dataset: origin.dataset,
    rows: predictions.rows.length,
    predictions: digestOf(bytes),
  };
  const about = paths.predictionsInfo;
  // First, so that no predictions are ever without it.
  await writeFileAtomic(about, toDigestedJson(info, predictionsInfo, about));
  await writeFileAtomic(file, bytes);
}

function csvOf({ classes, rows }: Predictions, file: string): string {
  const nameOf = (index: number, nodule: string): string => {
    const name = classes[index];
    if (name !== undefined) return name;
    throw new RunFileError(
      file,
      `nodule ${nodule} has the class ${index}, expected 0 to ${classes.length - 1}`,
    );
  };
  const header = [
    ...predictionColumns,
    ...classes.map((name) => probabilityPrefix + name),
  ];
  const lines = rows.map((row) => [
    row.nodule,
    row.patient,
    nameOf(row.label, row.nodule),
    nameOf(row.prediction, row.nodule),
    ...row.probabilities.map(String),
  ]);
  return stringify([header, ...lines], {
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
}

/** What is asked of predictions beyond their format. */
export interface ReadPredictionsOptions {
  /** what they have to be of */
  readonly run?: RunOrigin;
  /** whether predictions without a digest are read: runs of version 1 have none. Default: no */
  readonly undigested?: boolean;
  /** stops it, however many rows there are */
  readonly signal?: AbortSignal | undefined;
}

/** Predictions as they were read. */
export interface ReadPredictions extends Predictions {
  /** whether they carry a digest; without one, whether they are whole cannot be told */
  readonly isDigested: boolean;
}

/**
 * @param paths `foldPaths(…)`
 * @throws `MissingRunFileError` when the fold is not tested; `RunFileError` for predictions that are not as they were
 *   written, or are another fold's or run's, and with line and column for anything wrong in them
 */
export async function readPredictions(
  paths: FoldPaths,
  { run, undigested = false, signal }: ReadPredictionsOptions = {},
): Promise<ReadPredictions> {
  const file = paths.predictions;
  const bytes = await readRunFile(
    file,
    'there is no such file: the training of this fold has not ended yet',
  );
  const info = await readInfo(paths);
  if (info === undefined && !undigested) {
    throw new RunFileError(
      file,
      `has no digest: ${paths.predictionsInfo}, which is written with it, is missing; put it back, or have the predictions written again (${wayOut[paths.by]})`,
    );
  }
  if (info !== undefined) {
    expectDigest(bytes, info, paths);
    expectOrigin(info, { ...paths, run }, file);
    if (isOfFewerEpochs(info, run)) {
      throw new MissingRunFileError(
        file,
        'is of fewer epochs than the run was given since: this fold is not trained to its end yet',
      );
    }
  }
  const found = await parsePredictions(bytes, file, signal);
  return { ...found, isDigested: info !== undefined };
}

function isOfFewerEpochs(
  { experimentDigest }: PredictionsInfo,
  run: RunOrigin | undefined,
): boolean {
  return run?.shorter?.has(experimentDigest) === true;
}

/**
 * Whether a fold's predictions are of fewer epochs than its run was given since. The predictions themselves are not read.
 *
 * @throws `RunFileError`
 */
export async function areOfFewerEpochs(
  paths: FoldPaths,
  run: RunOrigin,
): Promise<boolean> {
  // Most runs were never given more.
  if (run.shorter === undefined || run.shorter.size === 0) return false;
  const info = await readInfo(paths);
  return info !== undefined && isOfFewerEpochs(info, run);
}

/** What writes predictions again. */
const wayOut: Readonly<Record<ClassifiedBy, string>> = {
  head: '`clip-lung train --resume`',
  texts: '`clip-lung evaluate --by texts`',
};

async function readInfo(
  paths: FoldPaths,
): Promise<PredictionsInfo | undefined> {
  const file = paths.predictionsInfo;
  try {
    const bytes = await readRunFile(file, 'there is no such file');
    return parseDigestedJson(bytes, predictionsInfo, file);
  } catch (error) {
    if (error instanceof MissingRunFileError && isMissing(error.cause)) {
      return undefined;
    }
    throw error;
  }
}

function expectDigest(
  bytes: Uint8Array,
  { by, predictions, rows }: PredictionsInfo,
  paths: FoldPaths,
): void {
  if (by !== paths.by) {
    throw new RunFileError(
      paths.predictionsInfo,
      `describes predictions by ${by}, expected those by ${paths.by}`,
    );
  }
  const found = digestOf(bytes);
  if (found === predictions) return;
  throw new RunFileError(
    paths.predictions,
    `was damaged or changed after it was written: its SHA-256 is ${found}, ${paths.predictionsInfo} says ${predictions} for its ${rows} nodules; put it back, or have it written again (${wayOut[by]})`,
  );
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
