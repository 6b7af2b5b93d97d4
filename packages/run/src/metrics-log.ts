import { createHash } from 'node:crypto';
import { unlink } from 'node:fs/promises';

import { at } from '@clip-lung/tensor';
import {
  type DigestPlace,
  FileWriteError,
  isMissing,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { MissingRunFileError, RunFileError } from './error.js';
import { checkJson, fromJson, toJson } from './json.js';
import { readRunFile } from './missing.js';

/** What one epoch of training came to. Further fields are kept as they are. */
export interface EpochMetrics {
  /** counted from 0 */
  readonly epoch: number;
  /** optimiser steps done when the epoch ended */
  readonly step: number;
  /** of the epoch's last step */
  readonly learningRate: number;
  /** mean over the epoch's batches of the weighted sum of the terms */
  readonly loss: number;
  /** mean of each loss term, by name, before its weight */
  readonly terms: Readonly<Record<string, number>>;
  /** mean over the epoch's steps of the gradients' norm before they are clipped; where they are */
  readonly gradientNorm?: number | undefined;
  /** fraction in 0..1, of the predictions made while training */
  readonly trainAccuracy: number;
  /** null where the fold holds no nodules out for validation */
  readonly validation: EpochValidation | null;
  readonly secondsPerEpoch: number;
  readonly [further: string]: unknown;
}

export interface EpochValidation {
  /** fraction in 0..1 */
  readonly accuracy: number;
  readonly loss: number;
  /** of the metric that chooses the best epoch, where that is neither of the two; null where it is undefined */
  readonly score?: number | null | undefined;
}

/** The epochs of a fold, in order, and what was wrong with the file without making it unreadable. */
export interface MetricsLog {
  readonly epochs: readonly EpochMetrics[];
  readonly warnings: readonly string[];
}

/** @internal */
export const noLog = 'there is no such file: no epoch of this fold is done';

/** @internal */
export const fraction = z.number().min(0).max(1);

/** @internal */
export const epochMetrics = z.looseObject({
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  learningRate: z.number(),
  loss: z.number(),
  terms: z.record(z.string(), z.number()),
  gradientNorm: z.number().nonnegative().optional(),
  trainAccuracy: fraction,
  validation: z
    .strictObject({
      accuracy: fraction,
      loss: z.number(),
      score: z.number().nullable().optional(),
    })
    .nullable(),
  secondsPerEpoch: z.number().nonnegative(),
}) satisfies z.ZodType<EpochMetrics>;

/** Each line ends with its own digest. @internal */
export const endOfLine: DigestPlace = { label: '"sha256":"', which: 'last' };

/** Hex SHA-256 of what epochs came to, whatever time they took: the same for a run that was stopped as for one that was not. */
function metricsDigest(epochs: readonly EpochMetrics[]): string {
  const hash = createHash('sha256');
  for (const epoch of epochs) {
    hash.update(`${toJson({ ...epoch, secondsPerEpoch: undefined })}\n`);
  }
  return hash.digest('hex');
}

/**
 * Adds an epoch to `metrics.jsonl`. A resumed run trains some epochs again: they replace what the file has of that
 * epoch and of those after it. The file is rewritten whole, so that a reader never sees half a line; it has a few
 * hundred bytes an epoch.
 *
 * @param file `foldPaths(…).metrics`
 * @returns hex SHA-256 of what the log's epochs came to, for the epoch's checkpoint: see {@link expectMetrics}
 * @throws `NotJsonError` when a number is not finite, `RunFileError` when the file is no log
 */
export async function appendMetrics(
  file: string,
  metrics: EpochMetrics,
): Promise<string> {
  const own = checkJson(fromJson(toJson(metrics), file), epochMetrics, file);
  const bytes = Buffer.from(toJson({ ...own, sha256: noDigest }));
  putOwnDigest(bytes, endOfLine);
  const { epochs, lines } = await readIfThere(file);
  const earlier = epochs.filter(({ epoch }) => epoch < metrics.epoch);
  const kept = lines.slice(0, earlier.length);
  await writeFileAtomic(file, [...kept, bytes.toString(), ''].join('\n'));
  return metricsDigest([...earlier, own]);
}

/**
 * Holds a log against the checkpoint of its fold: the epochs that it has done have to be there as they were written.
 *
 * @param file `foldPaths(…).metrics`
 * @throws `RunFileError`, `MissingRunFileError`
 */
export async function expectMetrics(
  file: string,
  {
    epoch,
    metrics,
  }: { readonly epoch: number; readonly metrics: string | null },
): Promise<void> {
  if (metrics === null) return;
  const { epochs } = await readLines(file);
  const done = epochs.filter((one) => one.epoch < epoch);
  if (done.length < epoch) {
    throw new RunFileError(
      file,
      `has ${done.length} epochs, the fold's last checkpoint was written after ${epoch}: lines are missing`,
    );
  }
  const found = metricsDigest(done);
  if (found === metrics) return;
  throw new RunFileError(
    file,
    `is not the log that the fold's last checkpoint was written with: the SHA-256 of its ${epoch} epochs is ${found}, the checkpoint says ${metrics}`,
  );
}

/** Removes the log of a fold that begins anew: what a damaged one is of, nobody knows. @throws `FileWriteError` */
export async function removeMetrics(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!isMissing(error)) throw new FileWriteError(file, error);
  }
}

interface Lines extends MetricsLog {
  /** as they stand in the file, without their ends */
  readonly lines: readonly string[];
}

async function readIfThere(file: string): Promise<Lines> {
  try {
    return await readLines(file);
  } catch (error) {
    if (!(error instanceof MissingRunFileError)) throw error;
    return { epochs: [], lines: [], warnings: [] };
  }
}

/**
 * Reads `metrics.jsonl`. A last line that is cut off, as a killed run or a full disk leaves it, is dropped with a warning.
 *
 * @param file `foldPaths(…).metrics`
 * @throws `MissingRunFileError` when no epoch is done, `RunFileError` with the line for anything else that is wrong
 */
export async function readMetrics(file: string): Promise<MetricsLog> {
  const { epochs, warnings } = await readLines(file);
  return { epochs, warnings };
}

async function readLines(file: string): Promise<Lines> {
  const bytes = await readRunFile(file, noLog);
  const lines = bytes.toString('utf8').split('\n');
  const rest = at(lines, lines.length - 1, 'lines');
  lines.pop();
  const epochs: EpochMetrics[] = [];
  for (const [index, line] of lines.entries()) {
    const place = `${file}:${index + 1}`;
    const metrics = readLine(line, place);
    checkOrder(metrics.epoch, epochs.at(-1)?.epoch, place);
    epochs.push(metrics);
  }
  const warnings =
    rest === ''
      ? []
      : [
          `${file}:${lines.length + 1}: the last line is cut off after ${rest.length} characters and is left out`,
        ];
  return { epochs, lines, warnings };
}

/** Lines of version 1 carry no digest. */
function readLine(line: string, place: string): EpochMetrics {
  const { sha256, ...metrics } = checkJson(
    fromJson(line, place),
    epochMetrics,
    place,
  );
  const problem =
    sha256 === undefined
      ? undefined
      : ownDigestProblem(Buffer.from(line), endOfLine);
  if (problem === undefined) return metrics;
  throw new RunFileError(place, problem);
}

function checkOrder(
  epoch: number,
  previous: number | undefined,
  place: string,
): void {
  if (previous === undefined || epoch > previous) return;
  throw new RunFileError(
    place,
    `"epoch" is ${epoch} after ${previous}, expected one that is later`,
  );
}
