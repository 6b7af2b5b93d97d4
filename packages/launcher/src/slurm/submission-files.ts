import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import { FileWriteError } from '@clip-lung/tensor/node';

import { logFile } from '../job-files.js';
import type { Task } from '../task.js';
import { nextNumber, submissionFolder } from './submission.js';

/** The arrays' folders, by number. */
export const arrayName = (index: number): string => `array-${index}`;

/**
 * Makes the jobs folder, and in it that of a submission; of several that submit at the same moment, each gets its own.
 *
 * @returns the submission's folder
 * @throws `FileWriteError`
 */
export async function makeSubmissionFolder(jobs: string): Promise<string> {
  await writing(jobs, mkdir(jobs, { recursive: true }));
  for (;;) {
    const folder = submissionFolder(jobs, await nextNumber(jobs));
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      const isTaken =
        error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!isTaken) throw new FileWriteError(folder, error);
    }
  }
}

export interface SubmissionScripts {
  readonly script: string;
  readonly reportScript: string | undefined;
}

/**
 * Writes what the jobs read: the scripts, and for each task of an array its words, its progress files, and a link by which Slurm
 * writes into its log, too.
 *
 * @throws `FileWriteError`
 */
export async function writeSubmissionFiles(
  jobs: string,
  folder: string,
  arrays: readonly (readonly Task[])[],
  { script, reportScript }: SubmissionScripts,
): Promise<void> {
  await writeScript(join(folder, 'task.sh'), script);
  if (reportScript !== undefined) {
    await writeScript(join(folder, 'report.sh'), reportScript);
  }
  for (const [number, tasks] of arrays.entries()) {
    const array = join(folder, arrayName(number));
    await writing(array, mkdir(array));
    for (const [index, { id, args, progress }] of tasks.entries()) {
      const file = join(array, String(index));
      await writeWords(`${file}.task`, [id, ...args]);
      await writeWords(
        `${file}.progress`,
        progress.map((path) => resolve(path)),
      );
      const log = relative(array, logFile(jobs, id));
      await writing(`${file}.out`, symlink(log, `${file}.out`));
    }
  }
}

/** Each ends with NUL, the one character that no word can have. */
function writeWords(file: string, words: readonly string[]): Promise<void> {
  return writing(
    file,
    writeFile(file, words.map((word) => `${word}\0`).join('')),
  );
}

function writeScript(file: string, text: string): Promise<void> {
  return writing(file, writeFile(file, text, { mode: 0o755 }));
}

async function writing<T>(file: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw new FileWriteError(file, error);
  }
}
