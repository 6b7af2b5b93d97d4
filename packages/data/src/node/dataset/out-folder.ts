import {
  lstat,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { readFileUpTo, syncFolder } from '@clip-lung/tensor/node';

import { datasetFiles } from '../../dataset/format.js';
import { InputError } from '../../errors.js';
import { limits } from '../../limits.js';

/** An output folder that holds something else than a dataset. What was prepared for it so far is kept. */
export class OccupiedError extends InputError {}

/**
 * Where a dataset folder really lies: where its name is a link, in the folder that it leads to, which is then replaced, and the link
 * stays.
 *
 * @throws {@link OccupiedError} for a link that leads nowhere, unless a killed run has moved away what it led to
 */
export async function realFolder(out: string): Promise<string> {
  const target = resolve(out);
  const found = await lstat(target).catch(absent);
  if (found?.isSymbolicLink() !== true) return target;
  const place = await endOfLinks(target);
  if (place !== undefined) {
    const there = await lstat(place).catch(absent);
    if (there !== undefined || (await movedAside(place)).length > 0) {
      return place;
    }
  }
  throw new OccupiedError(
    `${out}: is a broken link; remove it, or make the folder that it points to`,
  );
}

/** As the system has it (`ELOOP`). */
const mostLinks = 40;

/** Where a link leads to, whether or not anything is there; undefined where not even a folder around it is, or links lead in a circle. */
async function endOfLinks(link: string): Promise<string | undefined> {
  let path = link;
  for (let i = 0; i < mostLinks; i++) {
    const found = await lstat(path).catch(absent);
    if (found?.isSymbolicLink() !== true) return path;
    const next = resolve(dirname(path), await readlink(path));
    const parent = await realpath(dirname(next)).catch(absent);
    if (parent === undefined) return undefined;
    path = join(parent, basename(next));
  }
  return undefined;
}

/** What a file manager leaves in every folder that it shows. */
const ofNobody = ['.DS_Store', 'Thumbs.db', 'desktop.ini'];
const ofDatasets = new Set<string>([
  ...Object.values(datasetFiles),
  ...ofNobody,
]);

/**
 * Checks that a dataset may be written to a folder: it does not exist, is empty, or holds a dataset and nothing else.
 *
 * @throws {@link OccupiedError} otherwise
 */
export async function expectReplaceable(out: string): Promise<void> {
  const entries = await entriesOf(await realFolder(out), out);
  if (entries.length === 0) return;
  const foreign = entries
    .filter((entry) => !entry.isFile() || !ofDatasets.has(entry.name))
    .map(({ name }) => name);
  const isDataset = await holdsDataset(out);
  if (isDataset && foreign.length === 0) return;
  if (!isDataset) {
    throw new OccupiedError(
      `${out}: is a folder with ${entries.length} entries that is not a dataset; nothing was written. Choose a new or empty folder`,
    );
  }
  throw new OccupiedError(
    `${out}: is a dataset, but also holds what does not belong to one: ${foreign.slice(0, 5).join(', ')}${foreign.length > 5 ? ` and ${foreign.length - 5} more` : ''}. This would be removed with the old dataset, so nothing was written. Move it elsewhere, or choose another folder`,
  );
}

async function entriesOf(folder: string, out: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new OccupiedError(
      codeOf(error) === 'ENOTDIR'
        ? `${out}: is a file, expected a folder; choose another place`
        : `${out}: cannot be written as a dataset folder (${String(error)}); choose another place`,
      { cause: error },
    );
  }
}

async function holdsDataset(folder: string): Promise<boolean> {
  const manifest = await readFileUpTo(
    join(folder, datasetFiles.manifest),
    limits.tableBytes,
  ).catch(() => Buffer.alloc(0));
  return /"format":\s*"clip-lung-dataset"/.test(manifest.toString('utf8'));
}

/** A name beside a dataset folder, hidden, for what is to become it (`tmp`) or was it before (`old`). */
export function hiddenName(
  target: string,
  suffix: string,
  kind: 'tmp' | 'old',
): string {
  return join(dirname(target), `.${basename(target)}.${suffix}.${kind}`);
}

/** The dataset that a killed run had moved out of the way of `out`, if there is one. */
export async function datasetAside(out: string): Promise<string | undefined> {
  const place = await endOfLinks(resolve(out));
  return place === undefined ? undefined : (await movedAside(place))[0];
}

/** The datasets that a killed run had moved out of the way, the latest first. */
async function movedAside(target: string): Promise<readonly string[]> {
  const found: (readonly [path: string, changed: number])[] = [];
  for (const path of await hiddenBeside(target, 'old')) {
    if (await holdsDataset(path)) {
      found.push([path, (await stat(path)).ctimeMs]);
    }
  }
  return found.sort(([, a], [, b]) => b - a).map(([path]) => path);
}

/**
 * Sets right what a killed run has left beside a dataset folder: the old dataset, if it was moved out of the way and nothing has
 * taken its place, comes back; what is half-written is removed. Not while another run may be at it.
 */
export async function recover(target: string): Promise<void> {
  const old = await movedAside(target);
  const missing = (await lstat(target).catch(absent)) === undefined;
  const [latest, ...earlier] = old;
  if (missing && latest !== undefined) {
    await rename(latest, target);
    await syncFolder(dirname(target));
  }
  const rest = missing ? earlier : old;
  for (const path of [...rest, ...(await hiddenBeside(target, 'tmp'))]) {
    await rm(path, { recursive: true, force: true });
  }
}

async function hiddenBeside(
  target: string,
  kind: 'tmp' | 'old',
): Promise<readonly string[]> {
  const start = `.${basename(target)}.`;
  const names = await readdir(dirname(target)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter(
      (name) =>
        name.startsWith(start) &&
        name.endsWith(`.${kind}`) &&
        /^[0-9a-f]{12}$/.test(name.slice(start.length, -1 - kind.length)),
    )
    .map((name) => join(dirname(target), name));
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
