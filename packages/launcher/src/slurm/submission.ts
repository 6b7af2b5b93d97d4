import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { fileLimits, parseJsonText } from '@clip-lung/tensor';
import {
  FileReadError,
  isMissing,
  readFileUpTo,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { JobFileError } from '../error.js';

const job = z.strictObject({
  id: z.string().regex(/^\d+$/),
  /** null where there is but one */
  cluster: z.string().nullable(),
});

const schema = z.strictObject({
  formatVersion: z.literal(1),
  at: z.iso.datetime(),
  host: z.string(),
  /** where the tasks run */
  folder: z.string(),
  arrays: z.array(
    z.strictObject({
      /** null until sbatch has taken it */
      job: job.nullable(),
      /** IDs of the tasks, by index */
      tasks: z.array(z.string()).readonly(),
    }),
  ),
  /** null where there is none, or until sbatch has taken it */
  report: job.nullable(),
});

/** A job of Slurm. */
export type SlurmJob = Readonly<z.infer<typeof job>>;
/** What was submitted: the content of `slurm-<k>/submission.json`. */
export type Submission = z.infer<typeof schema>;

const fileName = 'submission.json';

/** `jobs/slurm-3`. */
export function submissionFolder(jobs: string, number: number): string {
  return join(jobs, `slurm-${number}`);
}

export function submissionFile(folder: string): string {
  return join(folder, fileName);
}

/** The number after the highest that is there. @throws `FileReadError` */
export async function nextNumber(jobs: string): Promise<number> {
  return Math.max(0, ...(await numbers(jobs))) + 1;
}

/** @throws `FileWriteError` */
export async function writeSubmission(
  folder: string,
  submission: Submission,
): Promise<void> {
  await writeFileAtomic(
    submissionFile(folder),
    `${JSON.stringify(submission, undefined, 2)}\n`,
  );
}

/**
 * All submissions of a jobs folder, oldest first.
 *
 * @throws {@link JobFileError} for a damaged record; `FileReadError`
 */
export async function readSubmissions(
  jobs: string,
): Promise<readonly Submission[]> {
  const found: Submission[] = [];
  for (const number of await numbers(jobs)) {
    const file = submissionFile(submissionFolder(jobs, number));
    try {
      found.push(parsed(await readFileUpTo(file, fileLimits.jsonBytes), file));
    } catch (error) {
      // Its folder was made, and nothing is submitted yet.
      if (!isMissing(error)) throw error;
    }
  }
  return found;
}

async function numbers(jobs: string): Promise<readonly number[]> {
  try {
    return (await readdir(jobs))
      .map((name) => Number(/^slurm-([1-9]\d*)$/.exec(name)?.[1]))
      .filter((number) => !Number.isNaN(number))
      .sort((a, b) => a - b);
  } catch (error) {
    const own = new FileReadError(jobs, error);
    if (isMissing(own)) return [];
    throw own;
  }
}

function parsed(bytes: Buffer, file: string): Submission {
  const problem = (words: string, cause: unknown): JobFileError =>
    new JobFileError(
      file,
      `does not say what was submitted (${words}); remove its folder once squeue shows none of its jobs`,
      { cause },
    );
  let value: unknown;
  try {
    value = parseJsonText(bytes);
  } catch (error) {
    throw problem(String(error), error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const words = z.prettifyError(result.error).replaceAll(/\s+/g, ' ');
  throw problem(words, result.error);
}
