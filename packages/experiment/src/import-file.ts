import * as augment from '@clip-lung/augment';
import * as data from '@clip-lung/data';
import * as dataOfNode from '@clip-lung/data/node';
import * as lidc from '@clip-lung/lidc';
import * as losses from '@clip-lung/losses';
import * as model from '@clip-lung/model';
import * as tensor from '@clip-lung/tensor';
import * as tensorOfNode from '@clip-lung/tensor/node';
import * as tensorOfTfjs from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { createJiti, type Jiti } from 'jiti';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { defineGrid } from './grid/define-grid.js';
import { without } from './grid/without.js';

/**
 * What a file of your own imports from here, wherever it lies: a folder without node_modules will do, and its tensors are
 * those of the engine, never another copy's.
 */
const virtualModules = {
  '@clip-lung/augment': augment,
  '@clip-lung/data': data,
  '@clip-lung/data/node': dataOfNode,
  '@clip-lung/experiment': { defineGrid, without },
  '@clip-lung/lidc': lidc,
  '@clip-lung/losses': losses,
  '@clip-lung/model': model,
  '@clip-lung/tensor': tensor,
  '@clip-lung/tensor/node': tensorOfNode,
  '@clip-lung/tensor/tfjs': tensorOfTfjs,
  '@tensorflow/tfjs-core': tf,
  zod: { z: model.z, default: model.z },
};

/** What an import means elsewhere than where the file lies: a module's name or a folder, and the path that it stands for. */
export type Aliases = Readonly<Record<string, string>>;

/**
 * Without a cache of files: the loader would keep it in a temporary folder that everybody can write to, and run whatever
 * another user has put there under the right name.
 */
function loaderWith(alias: Aliases): Jiti {
  return createJiti(import.meta.url, {
    virtualModules,
    alias: { ...alias },
    fsCache: false,
  });
}

// One for all files, so that a file which two others import is the same module to both.
const jiti = loaderWith({});

/**
 * Runs a TypeScript or JavaScript file, and all that it imports.
 *
 * @returns its default export; undefined where it has none
 */
export async function importFile(
  path: string,
  aliases?: Aliases,
): Promise<unknown> {
  const loader = aliases === undefined ? jiti : loaderWith(aliases);
  return defaultOf(await loader.import(path));
}

/** Whether this program itself gives a module of this name to the files that it imports. */
export function isProvided(specifier: string): boolean {
  return Object.hasOwn(virtualModules, specifier);
}

/** The file that a module means by what it imports, as {@link importFile} finds it; undefined where there is none. */
export function resolveImport(
  specifier: string,
  importer: string,
): string | undefined {
  const found = jiti.esmResolve(specifier, {
    parentURL: pathToFileURL(importer),
    try: true,
  });
  const url = found?.toString(); // declared as a string, and often a URL
  return url?.startsWith('file:') ? fileURLToPath(url) : url;
}

/** The file that was imported, and whose default export something is; undefined where there is none. */
export function fileOf(exported: unknown): string | undefined {
  return Object.entries(jiti.cache).find(
    ([, loaded]) => defaultOf(loaded.exports) === exported,
  )?.[0];
}

function defaultOf(exports: unknown): unknown {
  // Asked for a default export that is not there, jiti gives all of the others.
  return typeof exports === 'object' && exports !== null && 'default' in exports
    ? exports.default
    : undefined;
}
