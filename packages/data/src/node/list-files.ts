import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { InputError } from '../errors.js';
import { comparePaths } from '../lidc-xml/duplicates.js';

/** A file below a folder. */
export interface FoundFile {
  /** where to open it */
  readonly path: string;
  /** its path below the folder, with forward slashes: how warnings and tables name it */
  readonly name: string;
}

/**
 * All files below a folder in the order of their names, or the one file that `path` is. Links are followed, a folder
 * that is reached twice is read once, and names that start with a dot are passed over.
 *
 * @throws {@link InputError} when there is nothing at `path`
 */
export async function listFiles(
  path: string,
  signal?: AbortSignal,
): Promise<readonly FoundFile[]> {
  const start = await stat(path).catch((error: unknown) => {
    throw new InputError(
      `${path}: cannot be opened (${reasonOf(error)}); expected a folder or a file`,
      { cause: error },
    );
  });
  if (!start.isDirectory()) return [{ path, name: basename(path) }];

  const found: FoundFile[] = [];
  const seen = new Set<string>();
  const waiting: FoundFile[] = [{ path, name: '' }];
  for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
    signal?.throwIfAborted();
    const real = await realpath(folder.path);
    if (seen.has(real)) continue;
    seen.add(real);
    for (const entry of await readdir(folder.path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const child = {
        path: join(folder.path, entry.name),
        name: folder.name === '' ? entry.name : `${folder.name}/${entry.name}`,
      };
      // A link that leads nowhere is no file.
      const kind = entry.isSymbolicLink()
        ? await stat(child.path).catch(() => undefined)
        : entry;
      if (kind?.isDirectory()) waiting.push(child);
      else if (kind?.isFile()) found.push(child);
    }
  }
  return found.sort((a, b) => comparePaths(a.name, b.name));
}

export function isXml({ name }: FoundFile): boolean {
  return name.toLowerCase().endsWith('.xml');
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? String(error.code)
    : String(error);
}
