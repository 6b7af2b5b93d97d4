import { writeFileAtomic } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { RunFileError } from './error.js';
import { parseJson, toJson } from './json.js';
import { isMissing, readRunFile } from './missing.js';

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
}

/** The epochs of a fold, in order, and what was wrong with the file without making it unreadable. */
export interface MetricsLog {
  readonly epochs: readonly EpochMetrics[];
  readonly warnings: readonly string[];
}

const fraction = z.number().min(0).max(1);

const epochMetrics = z.looseObject({
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  learningRate: z.number(),
  loss: z.number(),
  terms: z.record(z.string(), z.number()),
  trainAccuracy: fraction,
  validation: z
    .strictObject({ accuracy: fraction, loss: z.number() })
    .nullable(),
  secondsPerEpoch: z.number().nonnegative(),
}) satisfies z.ZodType<EpochMetrics>;

/**
 * Adds an epoch to `metrics.jsonl`. A resumed run trains some epochs again: they replace what the file has of that
 * epoch and of those after it. The file is rewritten whole, so that a reader never sees half a line; it has a few
 * hundred bytes an epoch.
 *
 * @param file `foldPaths(…).metrics`
 * @throws `NotJsonError` when a number is not finite, `RunFileError` when the file is no log
 */
export async function appendMetrics(
  file: string,
  metrics: EpochMetrics,
): Promise<void> {
  const line = toJson(metrics);
  parseJson(line, epochMetrics, file);
  const earlier = (await readIfThere(file)).filter(
    ({ epoch }) => epoch < metrics.epoch,
  );
  await writeFileAtomic(
    file,
    [...earlier.map((one) => toJson(one)), line, ''].join('\n'),
  );
}

async function readIfThere(file: string): Promise<readonly EpochMetrics[]> {
  try {
    return (await readMetrics(file)).epochs;
  } catch (error) {
    if (error instanceof Error && isMissing(error.cause)) return [];
    throw error;
  }
}

/**
 * Reads `metrics.jsonl`. A last line that is cut off, as a killed run or a full disk leaves it, is dropped with a warning.
 *
 * @param file `foldPaths(…).metrics`
 * @throws `MissingRunFileError` when no epoch is done, `RunFileError` with the line for anything else that is wrong
 */
export async function readMetrics(file: string): Promise<MetricsLog> {
  const bytes = await readRunFile(
    file,
    'there is no such file: no epoch of this fold is done',
  );
  const lines = bytes.toString('utf8').split('\n');
  const rest = lines.pop() ?? '';
  const epochs: EpochMetrics[] = [];
  for (const [index, line] of lines.entries()) {
    const place = `${file}:${index + 1}`;
    const metrics = parseJson(line, epochMetrics, place);
    checkOrder(metrics.epoch, epochs.at(-1)?.epoch, place);
    epochs.push(metrics);
  }
  const warnings =
    rest === ''
      ? []
      : [
          `${file}:${lines.length + 1}: the last line is cut off after ${rest.length} characters and is left out`,
        ];
  return { epochs, warnings };
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
