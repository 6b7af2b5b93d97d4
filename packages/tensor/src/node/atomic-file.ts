import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { FileWriteError } from './file-write-error.js';

/**
 * Writes a file whole or not at all: into a temporary file beside it, synced, renamed over it, and the folder synced,
 * so that neither a crash nor a full disk leaves half a file under its name. Missing folders are made.
 *
 * @param parts the content, written one after the other; an (async) iterable may be larger than memory
 * @throws {@link FileWriteError} where the system refuses; what `parts` throws is passed on
 */
export async function writeFileAtomic(
  path: string,
  parts:
    | string
    | Uint8Array
    | Iterable<string | Uint8Array>
    | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  const done = <T>(step: Promise<T>): Promise<T> =>
    step.catch((error: unknown) => {
      throw new FileWriteError(path, error);
    });
  await done(mkdir(folder, { recursive: true }));
  const temporary = join(
    folder,
    `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    const file = await done(open(temporary, 'wx'));
    try {
      const whole = typeof parts === 'string' || parts instanceof Uint8Array;
      for await (const part of whole ? [parts] : parts) {
        await done(file.writeFile(part));
      }
      await done(file.sync());
    } finally {
      await done(file.close());
    }
    await done(rename(temporary, path));
  } catch (error) {
    // What went wrong first is what there is to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Makes what was made, renamed or removed in a folder last through a crash of the machine, where its file system can.
 *
 * @throws {@link FileWriteError} that names the folder
 */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder as a file; there, the rename itself is durable enough.
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (cannotSync.has(errorCode(error))) return;
    throw new FileWriteError(folder, error);
  }
}

/** What file systems answer that cannot sync a folder, as PostgreSQL knows them: `fsync_fname` in src/common/file_utils.c. */
const cannotSync = new Set(['EBADF', 'EINVAL']);

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
