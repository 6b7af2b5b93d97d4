import { hostname } from 'node:os';

import { fileLimits, parseJsonText } from '@clip-lung/tensor';
import {
  FileReadError,
  isMissing,
  readFileUpTo,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { JobFileError } from './error.js';
import { exitFile } from './job-files.js';

/** Exit codes with a meaning of their own; all others say that the task has failed. */
export const taskExitCodes = {
  done: 0,
  /** stopped and saved, start me again: EX_TEMPFAIL of sysexits.h */
  stopped: 75,
  /** another process does the same task, which is left to it: EX_UNAVAILABLE of sysexits.h */
  busy: 69,
} as const;

/** How a task ended: the content of `<id>.exit`. */
export interface ExitRecord {
  /** as shells have it: 128 and the signal's number for a task that a signal has ended */
  readonly code: number;
  /** `SIGKILL`, where a signal has ended the task */
  readonly signal: string | null;
  /** when, ISO 8601 */
  readonly at: string;
  readonly host: string;
  /** how often the task was started again by then, without being submitted again */
  readonly restarts: number;
}

const schema = z.strictObject({
  code: z.int().min(0).max(255),
  signal: z.string().nullable(),
  at: z.iso.datetime(),
  host: z.string(),
  restarts: z.int().min(0),
}) satisfies z.ZodType<ExitRecord>;

/**
 * Puts on record how a task ended. Of one that another process does, only that process writes it.
 *
 * @returns what was written, or would have been
 * @throws `FileWriteError`
 */
export async function writeExit(
  jobs: string,
  id: string,
  end: Pick<ExitRecord, 'code' | 'signal' | 'restarts'>,
): Promise<ExitRecord> {
  const record: ExitRecord = {
    code: end.code,
    signal: end.signal,
    at: new Date().toISOString(),
    host: hostname(),
    restarts: end.restarts,
  };
  if (end.code === taskExitCodes.busy) return record;
  await writeFileAtomic(exitFile(jobs, id), `${JSON.stringify(record)}\n`);
  return record;
}

/**
 * How a task ended last; undefined for one that has not ended since it was started, or was never started.
 *
 * @throws {@link JobFileError} for a damaged file; `FileReadError`
 */
export async function readExit(
  jobs: string,
  id: string,
): Promise<ExitRecord | undefined> {
  const file = exitFile(jobs, id);
  let text: Buffer;
  try {
    text = await readFileUpTo(file, fileLimits.jsonBytes);
  } catch (error) {
    if (error instanceof FileReadError && isMissing(error)) return undefined;
    throw error;
  }
  return parsed(text, file);
}

function parsed(text: Buffer, file: string): ExitRecord {
  const advice = 'remove it, and start the task again';
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (error) {
    throw new JobFileError(file, `is not JSON (${String(error)}); ${advice}`, {
      cause: error,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new JobFileError(
    file,
    `does not say how a task ended (${z.prettifyError(result.error).replaceAll('\n', ' ')}); ${advice}`,
    { cause: result.error },
  );
}
