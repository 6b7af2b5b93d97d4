import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { fileLimits } from '@clip-lung/tensor';
import {
  FileWriteError,
  isMissing,
  readFileUpTo,
  syncFolder,
  writeFileAtomic,
} from '@clip-lung/tensor/node';

import { keptFolder } from './paths.js';

/** Source files that a run keeps, as they lay beside each other. */
export interface KeptFiles {
  /** named for what it holds, seen from the run's folder: `plugins/2c26b46b68ffc68f` */
  readonly folder: string;
  /** by path inside of that folder, with slashes */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Files as a run keeps them. @param files by path, with slashes, none of which leads up */
export function keptFiles(files: ReadonlyMap<string, Uint8Array>): KeptFiles {
  const hash = createHash('sha256');
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = createHash('sha256').update(bytes).digest('hex');
    hash.update(JSON.stringify([path, own]));
  }
  const id = hash.digest('hex').slice(0, 16);
  return { folder: `${keptFolder}/${id}`, files };
}

/**
 * Writes files into a run's folder, all or none. Files that are there already are left alone, unless they are others.
 *
 * @param run the run's folder
 */
export async function writeKeptFiles(
  run: string,
  { folder, files }: KeptFiles,
): Promise<void> {
  const target = join(run, folder);
  if (await holds(target, files)) return;
  const id = folder.slice(keptFolder.length + 1);
  const suffix = randomBytes(6).toString('hex');
  const temporary = join(run, keptFolder, `.${id}.${suffix}.tmp`);
  try {
    for (const [path, bytes] of files) {
      await writeFileAtomic(join(temporary, path), bytes);
    }
    await replace(temporary, target, files);
    await syncFolder(dirname(target));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function replace(
  temporary: string,
  target: string,
  files: KeptFiles['files'],
): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') {
      throw new FileWriteError(target, error);
    }
    // Another fold that starts at the same moment writes the same.
    if (await holds(target, files)) return;
    await rm(target, { recursive: true, force: true });
    await mkdir(dirname(target), { recursive: true });
    await rename(temporary, target);
  }
}

async function holds(
  target: string,
  files: KeptFiles['files'],
): Promise<boolean> {
  for (const [path, bytes] of files) {
    const found = await readFileUpTo(
      join(target, path),
      fileLimits.wholeFileBytes,
    ).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found === undefined || !found.equals(bytes)) return false;
  }
  return true;
}
