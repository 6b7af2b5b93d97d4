import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';

import type { PluginFile } from '@clip-lung/model';

import { ExperimentFileError } from './errors.js';
import { isProvided, resolveImport } from './import-file.js';
import { importsOf } from './imports-of.js';
import { readPackageManifest } from './package-manifest.js';
import { readSource } from './source-file.js';

/** What a plugin is made of, as it was found. Nothing of it has been run. */
export interface PluginSources {
  readonly record: PluginFile;
  /** its files, by absolute path: the plugin's own first */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** the packages that they import, by name */
  readonly packages: ReadonlyMap<string, FoundPackage>;
  /** what the imports of packages mean, by how they are spelt: absolute paths */
  readonly packageFiles: Readonly<Record<string, string>>;
  /** the package.json of a package of your own that its files import by name, by absolute path */
  readonly manifests: readonly string[];
}

export interface FoundFile {
  /** as the record has it */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** As the record has its version. */
export interface FoundPackage {
  readonly folder: string;
  readonly version: string;
}

export interface SourceOptions {
  /** finds what a file imports; default as the loader does, from where the file lies */
  readonly resolve?: typeof resolveImport;
  /** which files may be read; of an import that leads elsewhere, the path is told */
  readonly expectInside?: (path: string, importer: string) => void;
}

/**
 * The record of a plugin: its own file, every local file that this imports, directly or not, and the packages that they import.
 * Packages are not looked into. What this program gives to plugins, and what Node brings, goes by their own versions, which
 * are on a run's record already.
 *
 * @param file the plugin's own, absolute
 * @param folder of the experiment, absolute; it need not exist
 * @throws {@link ExperimentFileError} for a package that is found in two places, or has no proper package.json; `SyntaxError` for a file whose imports cannot be read, `RangeError` for what is no file
 */
export async function findSources(
  file: string,
  folder: string,
  { resolve = resolveImport, expectInside }: SourceOptions = {},
): Promise<PluginSources> {
  const base = existsSync(folder) ? realpathSync(folder) : folder;
  const named = (path: string): string =>
    relative(base, path).split(sep).join('/');
  const own = realpathSync(file);
  const files = new Map<string, FoundFile>();
  const packages = new Map<string, FoundPackage>();
  const packageFiles: Record<string, string> = {};
  const manifests = new Set<string>();
  const waiting = [own];
  for (const path of waiting) {
    if (files.has(path)) continue;
    const bytes = await readSource(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.set(path, { name: named(path), bytes, sha256 });
    if (!/\.[cm]?[jt]sx?$/.test(path)) continue;
    for (const specifier of importsOf(path, bytes.toString('utf8'))) {
      if (isBuiltin(specifier) || isProvided(specifier)) continue;
      // What cannot be found is left to the loader, which says so, unless the plugin does without.
      const found = resolve(specifier, path);
      if (found === undefined || !existsSync(found)) continue;
      const owner = isPath(specifier) ? undefined : packageOf(found);
      if (owner === undefined || holds(owner.folder, path)) {
        expectInside?.(found, path);
        waiting.push(realpathSync(found));
        const mine = isByName(specifier) ? packageOf(path) : undefined;
        if (mine !== undefined) manifests.add(join(mine.folder, manifestName));
      } else {
        const { name, version } = owner;
        const { folder: other = owner.folder } = packages.get(name) ?? {};
        if (other !== owner.folder) {
          throw new ExperimentFileError(
            `${path}: imports ${specifier} from ${owner.folder}, and another file of the plugin from ${other}; a run's record has one version of a package, so let both import the same`,
          );
        }
        packages.set(name, { folder: owner.folder, version });
        packageFiles[specifier] = found;
      }
    }
  }
  return {
    record: {
      folder: base,
      file: named(own),
      files: inOrder(files.values(), ({ name, sha256 }) => [name, sha256]),
      packages: inOrder(packages, ([name, { version }]) => [name, version]),
    },
    files,
    packages,
    packageFiles,
    manifests: [...manifests],
  };
}

const manifestName = 'package.json';

/** By the name of the importing file's own package, `mine/row`, or one that its package.json gives, `#table`. */
function isByName(specifier: string): boolean {
  return specifier.startsWith('#') || !isPath(specifier);
}

/** Or a name of the importing package's own, `#table`, which stands for a path. */
function isPath(specifier: string): boolean {
  return (
    /^(\.{0,2}\/|\.{1,2}$|#|file:)/.test(specifier) || isAbsolute(specifier)
  );
}

interface Package {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** By the nearest package.json with a name: some folders inside a package have one without. A loose file has no package. */
function packageOf(file: string): Package | undefined {
  const folder = dirname(file);
  if (folder === dirname(folder) || basename(folder) === 'node_modules') {
    return undefined;
  }
  const manifest = join(folder, manifestName);
  if (existsSync(manifest)) {
    const { name, version = '' } = readPackageManifest(manifest);
    if (name !== undefined) return { folder, name, version };
  }
  return packageOf(folder);
}

function holds(folder: string, file: string): boolean {
  return file.startsWith(folder + sep);
}

function inOrder<T>(
  found: Iterable<T>,
  entryOf: (one: T) => readonly [string, string],
): Readonly<Record<string, string>> {
  const entries = Array.from(found, entryOf);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
