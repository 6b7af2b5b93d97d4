import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, sep } from 'node:path';

import { ClipLungError, visibleLine } from '@clip-lung/tensor';

import type { PluginSources } from './plugin-sources.js';

/** Names folders whose plugins may run, one beside the other as in PATH. */
const trustedFoldersVariable = 'CLIP_LUNG_TRUSTED_FOLDERS';

/**
 * Whose code may run. A plugin that a run's record or another JSON file names is somebody's code that comes as data: the file
 * may be anybody's, and so are the digests in it.
 */
export interface PluginPolicy {
  /** whether the user allows it for this once, `--allow-plugins` */
  readonly allow: boolean;
  /** absolute folders of which the user trusts whatever lies in them */
  readonly trusted: readonly string[];
  /** told, before anything is run, which files are going to be */
  readonly onAllowed: (lines: readonly string[]) => void;
  /** told what whoever reads the results should know */
  readonly onNote: (line: string) => void;
}

/** Code that comes as data, and that nobody has allowed to run. Nothing of it was run; the message lists its files. */
export class PluginsNotAllowedError extends ClipLungError {
  readonly code = 'plugins-not-allowed';
}

/** A place in which folders are named that cannot be trusted. */
export class TrustedFolderError extends ClipLungError {
  readonly code = 'trusted-folder';
}

/**
 * The folders that the environment names as trusted.
 *
 * @throws {@link TrustedFolderError} for one that is not absolute: it would be another wherever the command is run
 */
export function trustedFolders(
  named = process.env[trustedFoldersVariable] ?? '',
): readonly string[] {
  const folders = named.split(delimiter).filter((folder) => folder !== '');
  const relative = folders.find((folder) => !isAbsolute(folder));
  if (relative === undefined) return folders;
  throw new TrustedFolderError(
    `${trustedFoldersVariable}: ${relative} is not an absolute path; code in such a folder is run, so give the full path`,
  );
}

/**
 * Asks whether plugins may run.
 *
 * @param owner what names them, for the message: `the run runs/one`
 * @param otherwise what else the user can do
 * @throws {@link PluginsNotAllowedError} with every file, where it lies and its SHA-256
 */
export function expectAllowed(
  plugins: readonly PluginSources[],
  { owner, otherwise }: { readonly owner: string; readonly otherwise?: string },
  { allow, trusted, onAllowed }: PluginPolicy,
): void {
  if (plugins.length === 0) return;
  const listed = plugins.flatMap(linesOf);
  const inTrust = plugins.every((plugin) => isWithin(plugin, trusted));
  if (allow || inTrust) {
    const reason = inTrust ? 'as it lies in a trusted folder' : 'as allowed';
    onAllowed([`${owner} names code, which runs, ${reason}:`, ...listed]);
    return;
  }
  throw new PluginsNotAllowedError(
    [
      `${visibleLine(owner)} names code, which would run with all your permissions. Read these files first:`,
      ...listed.map(visibleLine),
      `  then give --allow-plugins; or, if you trust a folder that holds all of them, name it in ${trustedFoldersVariable}`,
      ...(otherwise === undefined ? [] : [`  ${otherwise}`]),
    ].join('\n'),
  );
}

function linesOf({ files, packages }: PluginSources): readonly string[] {
  return [
    ...[...files].map(([path, { sha256 }]) => `  ${path}  SHA-256 ${sha256}`),
    ...[...packages].map(
      ([name, { folder, version }]) =>
        `  the package ${name} ${version}, in ${folder}`,
    ),
  ];
}

/** Whether all that would run lies in trusted folders, links followed. */
function isWithin(
  { files, packages }: PluginSources,
  trusted: readonly string[],
): boolean {
  const roots = trusted.flatMap((folder) => realPath(folder) ?? []);
  return [
    ...files.keys(),
    ...[...packages.values()].map(({ folder }) => folder),
  ].every((path) => {
    const real = realPath(path);
    return roots.some(
      (root) =>
        real !== undefined && `${real}${sep}`.startsWith(asFolder(root)),
    );
  });
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function asFolder(path: string): string {
  return path.endsWith(sep) ? path : path + sep;
}
