import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  ExperimentError,
  issueError,
  type PluginFile,
  pluginFile,
} from '@clip-lung/model';

import { expectSame } from './expect-same-plugin.js';
import { type Aliases, resolveImport } from './import-file.js';
import {
  type KeptRoot,
  keptRootOf,
  originOf,
  type PluginOrigin,
} from './kept-plugins.js';
import { findSources, type PluginSources } from './plugin-sources.js';
import { readSource } from './source-file.js';

/** A plugin that was found, and not yet run. */
export interface FoundPlugin {
  /** in an experiment, for errors: `plugins[0]` */
  readonly path: string;
  readonly record: PluginFile;
  /** what would be run */
  readonly sources: PluginSources;
  readonly origin: PluginOrigin;
  /** what its imports mean, where they are not to be found from where it lies */
  readonly aliases?: Aliases | undefined;
  /** files that a run was trained with and that are others today, where it runs its own copies; absolute */
  readonly changed: readonly string[];
}

/** @throws `ExperimentError` for what is no record of a plugin */
export function asRecord(entry: unknown, path: string): PluginFile {
  const found = pluginFile.safeParse(entry);
  if (found.success) return found.data;
  throw issueError(found.error, { path, schema: pluginFile });
}

/**
 * Finds a plugin that a record lists: in the run's own folder, or, where the run keeps none, where it lay when the run was
 * trained. Nothing of it is run, and nothing is read that is not the plugin's.
 *
 * @param run the folder of the record
 * @throws `ExperimentError` when a file is missing, has another SHA-256 than the record says, or lies elsewhere than in the
 *   run's folder
 */
export async function findRecorded(
  entry: unknown,
  run: string,
  path: string,
): Promise<FoundPlugin> {
  const record = asRecord(entry, path);
  const root = keptRootOf(realpathSync(run), record);
  if (root === undefined || !existsSync(root.copy)) {
    const found = await findToday(record, path);
    const where = record.folder;
    expectSame(found.sources.record, record, { path, where });
    return { ...found, record };
  }
  return findKept(record, root, path);
}

/**
 * Finds a plugin that a record lists where it lay when the run was trained, as it is today.
 *
 * @throws `ExperimentError` when it is not there
 */
export async function findToday(
  entry: unknown,
  path: string,
): Promise<FoundPlugin> {
  const record = asRecord(entry, path);
  const file = resolve(record.folder, record.file);
  if (!existsSync(file)) {
    throw new ExperimentError(
      path,
      `there is no file ${file}, which the run was trained with; the run keeps no copy, so put it back, or say in "folder" where its folder is now`,
    );
  }
  const sources = await inPlace(path, file, () =>
    findSources(file, record.folder),
  );
  return {
    path,
    sources,
    record: sources.record,
    origin: originOf(sources),
    changed: [],
  };
}

async function findKept(
  record: PluginFile,
  root: KeptRoot,
  path: string,
): Promise<FoundPlugin> {
  for (const name of [record.file, ...Object.keys(record.files)]) {
    expectKept(resolve(root.folder, name), root, path);
  }
  const file = resolve(root.folder, record.file);
  const moved: Record<string, string> = {};
  const sources = await inPlace(path, file, () =>
    findSources(file, root.folder, {
      resolve: (specifier, importer) =>
        resolveKept(specifier, importer, root, moved),
      expectInside: (found) => {
        expectKept(found, root, path);
      },
    }),
  );
  const where = `${root.original}, or in ${root.copy}`;
  expectSame(sources.record, record, { path, where });
  const { files, manifests } = originOf(sources);
  return {
    path,
    record,
    sources,
    origin: {
      record,
      files,
      manifests: new Map(
        [...manifests].map(([own, bytes]) => [
          join(root.original, relative(root.copy, own)),
          bytes,
        ]),
      ),
    },
    aliases: { ...sources.packageFiles, ...moved },
    changed: await changedToday(record),
  };
}

/** What the plugin's files are is in the run, and nothing of them is a link to elsewhere. */
function expectKept(file: string, { copy }: KeptRoot, path: string): void {
  if (!isBelow(file, copy)) {
    throw new ExperimentError(
      path,
      `${file} lies outside of ${copy}, where the run keeps the plugin; expected all of its files there`,
    );
  }
  if (!existsSync(file)) {
    throw new ExperimentError(
      path,
      `there is no file ${file}, which the run was trained with; put it back`,
    );
  }
  if (realpathSync(file) === file) return;
  throw new ExperimentError(
    path,
    `${file} is a link, or is reached through one; a run keeps only files of its own`,
  );
}

/**
 * What a kept file imports: its neighbours in the copy, packages from where the original lay. Where that is gone, as on
 * another machine, packages are looked for from the copy.
 */
function resolveKept(
  specifier: string,
  importer: string,
  { copy, original }: KeptRoot,
  moved: Record<string, string>,
): string | undefined {
  const absolute = specifier.startsWith('file:')
    ? fileURLToPath(specifier)
    : specifier;
  if (isAbsolute(absolute)) {
    if (!isBelow(absolute, original) || isBelow(absolute, copy)) {
      return resolveImport(absolute, importer);
    }
    const found = resolveImport(
      join(copy, relative(original, absolute)),
      importer,
    );
    if (found !== undefined) moved[absolute] = found;
    return found;
  }
  const own = resolveImport(specifier, importer);
  if (/^[.#]/.test(specifier) || (own !== undefined && isBelow(own, copy))) {
    return own;
  }
  const before = join(original, relative(copy, importer));
  return existsSync(dirname(before))
    ? (resolveImport(specifier, before) ?? own)
    : own;
}

async function changedToday({
  folder,
  files,
}: PluginFile): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const [name, sha256] of Object.entries(files)) {
    const file = resolve(folder, name);
    if (existsSync(file) && (await digestOf(file)) !== sha256) {
      changed.push(file);
    }
  }
  return changed;
}

/** Undefined for what is no file of a plugin, and so another in any case. */
async function digestOf(file: string): Promise<string | undefined> {
  try {
    const bytes = await readSource(file);
    return createHash('sha256').update(bytes).digest('hex');
  } catch (error) {
    const unread = error instanceof RangeError || isOfSystem(error);
    if (unread) return undefined;
    throw error;
  }
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** What goes wrong with a plugin's file, by its place in the experiment. */
export async function inPlace<T>(
  path: string,
  file: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    throw new ExperimentError(
      path,
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
