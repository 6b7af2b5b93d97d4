import { dirname, join, relative, resolve, sep } from 'node:path';

import type { PluginFile } from '@clip-lung/model';
import { type KeptFiles, keptFiles } from '@clip-lung/run';

import { readPackageManifest } from './package-manifest.js';
import type { PluginSources } from './plugin-sources.js';

/** A plugin whose sources are at hand, by the place where they lay when they were first recorded. */
export interface PluginOrigin {
  readonly record: PluginFile;
  /** bytes of its files, by their names on record */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** the package.json of its own package, by absolute path, where its imports need one */
  readonly manifests: ReadonlyMap<string, Uint8Array>;
}

/** Plugins as a run is to keep them: their files, and their records, which say where these are. */
export interface KeptPlugins {
  readonly kept: KeptFiles;
  readonly records: readonly PluginFile[];
}

/** A plugin that was found where its record says. */
export function originOf({
  record,
  files,
  manifests,
}: PluginSources): PluginOrigin {
  return {
    record,
    files: new Map([...files.values()].map(({ name, bytes }) => [name, bytes])),
    manifests: new Map(manifests.map((path) => [path, manifestOf(path)])),
  };
}

/**
 * Lays out the files of plugins as they lay beside each other, from the folder that holds them all: whatever they import by a
 * relative path is found again. Files that two plugins share stay one.
 */
export function keepPlugins(plugins: readonly PluginOrigin[]): KeptPlugins {
  const files = new Map<string, Uint8Array>();
  const folders: string[] = [];
  for (const { record, files: own, manifests } of plugins) {
    folders.push(record.folder);
    for (const [name, bytes] of own) {
      files.set(resolve(record.folder, name), bytes);
    }
    for (const [path, bytes] of manifests) files.set(path, bytes);
  }
  const root = commonFolder([...folders, ...[...files.keys()].map(dirname)]);
  const below = (path: string): string =>
    relative(root, path).split(sep).join('/');
  const kept = keptFiles(
    new Map([...files].map(([path, bytes]) => [below(path), bytes])),
  );
  const records = plugins.map(({ record }) => {
    const place = below(record.folder);
    return {
      ...record,
      kept: place === '' ? kept.folder : `${kept.folder}/${place}`,
    };
  });
  return { kept, records };
}

/** The folder that a run's copy stands for, and the copy itself. */
export interface KeptRoot {
  /** absolute, in the run */
  readonly copy: string;
  /** absolute, where the files lay */
  readonly original: string;
  /** what the record's folder is in the copy */
  readonly folder: string;
}

/** @param run the run's folder, absolute and without links */
export function keptRootOf(
  run: string,
  { folder, kept }: PluginFile,
): KeptRoot | undefined {
  if (kept === undefined) return undefined;
  const [parent = '', id = '', ...below] = kept.split('/');
  return {
    copy: join(run, parent, id),
    original: resolve(folder, ...below.map(() => '..')),
    folder: join(run, parent, id, ...below),
  };
}

/** The part of a package.json that imports by name depend on. */
function manifestOf(path: string): Uint8Array {
  const { name, type, imports, exports } = readPackageManifest(path);
  const text = JSON.stringify({ name, type, imports, exports }, null, 2);
  return Buffer.from(`${text}\n`);
}

function commonFolder(folders: readonly string[]): string {
  const [first = sep, ...others] = folders;
  return others.reduce((common, folder) => {
    let shared = common;
    while (
      !`${folder}${sep}`.startsWith(
        shared.endsWith(sep) ? shared : shared + sep,
      )
    ) {
      const up = dirname(shared);
      if (up === shared) return shared;
      shared = up;
    }
    return shared;
  }, first);
}
