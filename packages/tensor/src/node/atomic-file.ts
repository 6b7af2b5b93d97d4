import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { FileWriteError } from './file-write-error.js';

/** What a file's content may come as; an (async) iterable may be larger than memory. */
export type FileParts =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** The names of what is written before it is renamed: left behind by whoever is killed in between. */
export const temporaryFile = /^\..+\.[0-9a-f]{12}\.tmp$/;

/**
 * Writes a file whole or not at all: into a temporary file beside it, synced, renamed over it, and the folder synced,
 * so that neither a crash nor a full disk leaves half a file under its name. Missing folders are made.
 *
 * @param parts the content, written one after the other
 * @throws {@link FileWriteError} where the system refuses; what `parts` throws is passed on
 */
export async function writeFileAtomic(
  path: string,
  parts: FileParts,
): Promise<void> {
  await throughTemporary(path, parts, async (temporary) => {
    await rename(temporary, path);
  });
}

/** Systems without hard links, and network file systems that do not allow them, say so in these ways. */
const linkless = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Makes a file whole or not at all, unless there is one: of several that try at the same moment, one makes it. (Where the
 * file system has no hard links, two at the very same moment may both believe so; the file is then the last one's.)
 *
 * @returns whether it was made
 * @throws as {@link writeFileAtomic}
 */
export async function createFileAtomic(
  path: string,
  parts: FileParts,
): Promise<boolean> {
  return throughTemporary(path, parts, async (temporary) => {
    try {
      // A rename would replace what is there.
      await link(temporary, path);
    } catch (error) {
      if (linkless.has(errorCode(error)) && !existsSync(path)) {
        await rename(temporary, path);
        return true;
      }
      if (errorCode(error) !== 'EEXIST' && !existsSync(path)) throw error;
      await rm(temporary, { force: true });
      return false;
    }
    await rm(temporary, { force: true });
    return true;
  });
}

/** @param place puts the temporary file in its place, or removes it */
async function throughTemporary<T>(
  path: string,
  parts: FileParts,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(path);
  const done = <U>(step: Promise<U>): Promise<U> =>
    step.catch((error: unknown) => {
      throw new FileWriteError(path, error);
    });
  await done(mkdir(folder, { recursive: true }));
  const temporary = join(
    folder,
    `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  let placed: T;
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
    placed = await done(place(temporary));
  } catch (error) {
    // What went wrong first is what there is to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
  return placed;
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
