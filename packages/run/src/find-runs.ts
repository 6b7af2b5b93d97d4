import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { FileReadError, readWholeFile } from '@clip-lung/tensor/node';

import { lockName, runPaths } from './paths.js';

export interface FindRunsOptions {
  /** is told of a folder that cannot be read, and is left out */
  readonly onNote?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The runs in a folder, at any depth, and the folder itself if it is one; sorted. Folders are followed through links, once each.
 * A run is also what has lost its record: a folder with folds in which something was logged or saved.
 *
 * @throws `FileReadError` for a folder that cannot be read, or is none
 */
export async function findRuns(
  folder: string,
  { onNote, signal }: FindRunsOptions = {},
): Promise<readonly string[]> {
  const runs: string[] = [];
  const seen = new Set<string>();
  const search = async (place: string): Promise<void> => {
    signal?.throwIfAborted();
    const real = await orReadError(place, realpath(place));
    if (seen.has(real)) return;
    seen.add(real);
    const entries = await orReadError(
      place,
      readdir(place, { withFileTypes: true }),
    );
    const names = entries.map(({ name }) => name);
    if (await isRun(place, names)) {
      runs.push(place);
      return;
    }
    const below = entries.filter(
      (entry) =>
        (entry.isDirectory() || entry.isSymbolicLink()) &&
        !entry.name.startsWith('.') &&
        entry.name !== 'node_modules',
    );
    for (const entry of below) {
      try {
        await search(join(place, entry.name));
      } catch (error) {
        if (!(error instanceof FileReadError)) throw error;
        // A link to a file is none to a folder.
        if (!entry.isSymbolicLink()) onNote?.(error.message);
      }
    }
  };
  await search(folder);
  return runs.sort((a, b) => (a < b ? -1 : 1));
}

const foldFolder = /^fold-(0|[1-9]\d*)$/;

async function isRun(
  folder: string,
  names: readonly string[],
): Promise<boolean> {
  const folds = names.filter((name) => foldFolder.test(name));
  const { experiment } = runPaths(folder);
  if (names.some((name) => join(folder, name) === experiment)) {
    if (folds.length > 0 || names.some((name) => lockName.test(name))) {
      return true;
    }
    // An experiment file may have the same name; what a run writes says its version.
    const text = await readWholeFile(experiment);
    return text.includes('"formatVersion"');
  }
  for (const fold of folds) {
    const inside = await readdir(join(folder, fold)).catch(() => []);
    if (inside.some((name) => ofFold.has(name))) return true;
  }
  return false;
}

const ofFold: ReadonlySet<string> = new Set(['metrics.jsonl', 'checkpoints']);

async function orReadError<T>(place: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw new FileReadError(place, error);
  }
}
