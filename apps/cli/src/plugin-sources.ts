import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';

import type { PluginFile } from '@clip-lung/model';

import { isProvided, resolveImport } from './import-file.js';
import { importsOf } from './imports-of.js';

/**
 * The record of a plugin: its own file, every local file that this imports, directly or not, and the packages that they import.
 * Packages are not looked into. What this program gives to plugins, and what Node brings, goes by their own versions, which
 * are on a run's record already.
 *
 * @param file the plugin's own, absolute
 * @param folder of the experiment, absolute
 * @throws `SyntaxError` for a file whose imports cannot be read
 */
export async function recordPlugin(
  file: string,
  folder: string,
): Promise<PluginFile> {
  const base = realpathSync(folder);
  const named = (path: string): string =>
    relative(base, path).split(sep).join('/');
  const own = realpathSync(file);
  const files = new Map<string, string>();
  const packages = new Map<string, string>();
  const waiting = [own];
  for (const path of waiting) {
    if (files.has(named(path))) continue;
    const bytes = await readFile(path);
    files.set(named(path), createHash('sha256').update(bytes).digest('hex'));
    if (!/\.[cm]?[jt]sx?$/.test(path)) continue;
    for (const specifier of importsOf(path, bytes.toString('utf8'))) {
      if (isBuiltin(specifier) || isProvided(specifier)) continue;
      // What cannot be found is left to the loader, which says so, unless the plugin does without.
      const found = resolveImport(specifier, path);
      if (found === undefined || !existsSync(found)) continue;
      const owner = isPath(specifier) ? undefined : packageOf(found);
      if (owner === undefined || holds(owner.folder, path)) {
        waiting.push(realpathSync(found));
      } else {
        packages.set(owner.name, owner.version);
      }
    }
  }
  return {
    folder: base,
    file: named(own),
    files: inOrder(files),
    packages: inOrder(packages),
  };
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
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) {
    const { name, version = '' } = JSON.parse(
      readFileSync(manifest, 'utf8'),
    ) as { readonly name?: string; readonly version?: string };
    if (name !== undefined) return { folder, name, version };
  }
  return packageOf(folder);
}

function holds(folder: string, file: string): boolean {
  return file.startsWith(folder + sep);
}

function inOrder(
  entries: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
