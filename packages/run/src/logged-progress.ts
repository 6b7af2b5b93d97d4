import { ownDigestProblem } from '@clip-lung/tensor/node';
import { z } from 'zod';

import {
  endOfLine,
  type EpochMetrics,
  epochMetrics,
  fraction,
  noLog,
  readMetrics,
} from './metrics-log.js';
import { readRunFile } from './missing.js';

/** How far a log is. */
export interface LoggedProgress {
  readonly epochs: number;
  /** the best accuracy on the validation nodules, fraction in 0..1; null where there are none */
  readonly validation: number | null;
}

/**
 * Reads how far a log is, several times as fast as {@link readMetrics} does for whoever lists many. A line whose digest is right
 * is as it was written; with any other, all is read as {@link readMetrics} reads it.
 *
 * @throws as {@link readMetrics}
 */
export async function readProgress(file: string): Promise<LoggedProgress> {
  const bytes = await readRunFile(file, noLog);
  let [begin, epochs] = [0, 0];
  let validation: number | null = null;
  for (;;) {
    const end = bytes.indexOf('\n', begin);
    if (end < 0) break;
    const found = glance(bytes.subarray(begin, end));
    if (found === undefined || found.epoch !== epochs) {
      return progressOf((await readMetrics(file)).epochs);
    }
    epochs += 1;
    validation = best(validation, found.accuracy);
    begin = end + 1;
  }
  return { epochs, validation };
}

function progressOf(epochs: readonly EpochMetrics[]): LoggedProgress {
  return {
    epochs: (epochs.at(-1)?.epoch ?? -1) + 1,
    validation: epochs.reduce<number | null>(
      (most, { validation }) => best(most, validation?.accuracy ?? null),
      null,
    ),
  };
}

function best(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

/** @returns undefined for a line that has to be looked at closely */
function glance(
  line: Buffer,
): { readonly epoch: number; readonly accuracy: number | null } | undefined {
  if (ownDigestProblem(line, endOfLine) !== undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(line.toString());
  } catch {
    return undefined;
  }
  const { success, data } = glanced.safeParse(found);
  if (!success) return undefined;
  return { epoch: data.epoch, accuracy: data.validation?.accuracy ?? null };
}

const glanced = z.object({
  epoch: epochMetrics.shape.epoch,
  validation: z.object({ accuracy: fraction }).nullable(),
});
