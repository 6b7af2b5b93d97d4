import { opendir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { FileReadError } from '@clip-lung/tensor/node';

import { InputError } from '../../errors.js';
import { comparePaths } from '../../lidc-xml/duplicates.js';

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
 * @throws {@link InputError} when there is nothing at `path`, `FileReadError` for a folder that the system does not let be read
 */
export async function listFiles(
  path: string,
  signal?: AbortSignal,
): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  for await (const file of walkFiles(path, signal)) files.push(file);
  return files;
}

/** As {@link listFiles}, one by one. In memory are the names in the folders around a file, and no others. */
export async function* walkFiles(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<FoundFile, void> {
  const start = await stat(path).catch((error: unknown) => {
    throw new InputError(
      `${path}: cannot be opened (${reasonOf(error)}); expected a folder or a file`,
      { cause: error },
    );
  });
  if (!start.isDirectory()) {
    yield { path, name: basename(path) };
    return;
  }
  const seen = new Set<string>();
  const begun: Folder[] = [];
  const begin = async (folder: string, prefix: string): Promise<void> => {
    signal?.throwIfAborted();
    try {
      const real = await realpath(folder);
      if (seen.has(real)) return;
      seen.add(real);
      begun.push({ path: folder, prefix, entries: await entriesOf(folder) });
    } catch (error) {
      throw new FileReadError(folder, error);
    }
  };
  await begin(path, '');
  for (let folder = begun.at(-1); folder; folder = begun.at(-1)) {
    const entry = folder.entries.pop();
    if (entry === undefined) begun.pop();
    else {
      const child = join(folder.path, entry);
      const name = folder.prefix + entry;
      // What ends with a slash is a folder.
      if (entry.endsWith('/')) await begin(child, name);
      else yield { path: child, name };
    }
  }
}

/** A folder that is being walked through. */
interface Folder {
  readonly path: string;
  /** what the names of its files begin with */
  readonly prefix: string;
  /** what is still to be taken of it, the next one last */
  readonly entries: string[];
}

/**
 * The names in a folder, those of folders with a slash behind them: so they are in the order of all names below, in
 * which `a-1` comes before what is in `a`, and `a0` after it. The last comes first.
 */
async function entriesOf(folder: string): Promise<string[]> {
  const entries: string[] = [];
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    if (entry.name.startsWith('.')) continue;
    // A link that leads nowhere is no file.
    const kind = entry.isSymbolicLink()
      ? await stat(join(folder, entry.name)).catch(nowhere)
      : entry;
    if (kind?.isDirectory()) entries.push(`${entry.name}/`);
    else if (kind?.isFile()) entries.push(entry.name);
  }
  return entries.sort((a, b) => comparePaths(b, a));
}

/** @throws what is more than a link that leads nowhere: files behind it would be missed */
function nowhere(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ELOOP') return undefined;
  throw error;
}

export function isXml({ name }: FoundFile): boolean {
  return name.toLowerCase().endsWith('.xml');
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? String(error.code)
    : String(error);
}
