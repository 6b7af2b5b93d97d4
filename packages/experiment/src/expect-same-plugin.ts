import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { ExperimentError, type PluginFile } from '@clip-lung/model';

import { isProvided } from './import-file.js';

/** Whether two records are of the same files and packages, wherever they lie. */
export function isSame(one: PluginFile, other: PluginFile): boolean {
  return (
    one.file === other.file &&
    isDeepStrictEqual(one.files, other.files) &&
    isDeepStrictEqual(asked(one), asked(other))
  );
}

/** The packages that a record names, but for those that this program has come to give itself. */
function asked({ packages }: PluginFile): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(packages).filter(([name]) => !isProvided(name)),
  );
}

/**
 * Holds a plugin to what a run was trained with: the same files with the same bytes, and the same versions of packages.
 *
 * @throws `ExperimentError` with the first difference
 */
export function expectSame(
  found: PluginFile,
  expected: PluginFile,
  {
    path,
    where,
  }: {
    /** of the plugin in the experiment */
    readonly path: string;
    /** where its packages are looked for */
    readonly where: string;
  },
): void {
  const problem =
    differentFile(found, expected) ?? differentPackage(found, expected, where);
  if (problem !== undefined) throw new ExperimentError(path, problem);
}

function differentFile(
  { folder, file, files }: PluginFile,
  expected: PluginFile,
): string | undefined {
  const imported = (name: string): string =>
    name === file ? '' : `, which ${file} imports,`;
  // What has changed explains what is imported no more, or besides.
  for (const [name, sha256] of Object.entries(expected.files)) {
    const now = files[name];
    if (now === undefined || now === sha256) continue;
    return `${resolve(folder, name)}${imported(name)} is not the file that the run was trained with: its SHA-256 is ${now}, expected ${sha256}. Put that version back, train again, or go on with it: train --resume --plugins current`;
  }
  for (const name of Object.keys(expected.files)) {
    if (name in files) continue;
    return `${resolve(folder, name)}, which the run was trained with, is missing, or ${file} no longer imports it; put it back, or train again`;
  }
  for (const name of Object.keys(files)) {
    if (name in expected.files) continue;
    return `${resolve(folder, name)}${imported(name)} is not a file that the run was trained with; remove it, or train again`;
  }
  return undefined;
}

function differentPackage(
  found: PluginFile,
  expected: PluginFile,
  where: string,
): string | undefined {
  const { file } = found;
  const [packages, former] = [asked(found), asked(expected)];
  for (const name of new Set([
    ...Object.keys(former),
    ...Object.keys(packages),
  ])) {
    const [now, before] = [packages[name], former[name]];
    if (now === before) continue;
    return `the package ${name} that ${file} imports is ${versionOf(now) ?? 'not there'}, and the run was trained with ${versionOf(before) ?? 'none'}; install what it was trained with in ${where}, or train again`;
  }
  return undefined;
}

function versionOf(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  return version === '' ? 'one without a version' : `version ${version}`;
}
