import { readFileSync } from 'node:fs';

import { parseJsonText } from '@clip-lung/tensor';

import { ExperimentFileError } from './errors.js';

/** A package.json. */
export interface PackageManifest {
  readonly name?: string;
  readonly version?: string;
  readonly type?: unknown;
  readonly imports?: unknown;
  readonly exports?: unknown;
}

/** @throws {@link ExperimentFileError} for a file that is not one, by its path */
export function readPackageManifest(path: string): PackageManifest {
  const refuse = (problem: string, options?: ErrorOptions): never => {
    throw new ExperimentFileError(
      `${path}: ${problem}; a plugin imports from this package`,
      options,
    );
  };
  let found: unknown;
  try {
    found = parseJsonText(readFileSync(path, 'utf8'));
  } catch (error) {
    return refuse(`cannot be read (${String(error)})`, { cause: error });
  }
  return isManifest(found)
    ? found
    : refuse(
        'is not a package.json: expected an object whose name and version are strings',
      );
}

function isManifest(found: unknown): found is PackageManifest {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return false;
  }
  const isText = (key: 'name' | 'version'): boolean => {
    const value: unknown = Reflect.get(found, key);
    return value === undefined || typeof value === 'string';
  };
  return isText('name') && isText('version');
}
