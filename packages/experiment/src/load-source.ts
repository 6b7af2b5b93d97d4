import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

import { SourceError } from '@clip-lung/data';
import { expectSource, type Source } from '@clip-lung/data/node';
import { ClipLungError } from '@clip-lung/tensor';

import { SourceFileError } from './errors.js';
import { importFile } from './import-file.js';
import { findSources } from './plugin-sources.js';

/**
 * Loads a source of datasets: the default export of a TypeScript or JavaScript file. The file is a program, which runs with
 * all that the user may do, as an experiment in TypeScript does.
 *
 * @returns the source; the datasets that it makes tell its files and packages
 * @throws {@link SourceFileError} when there is no such file, it cannot be loaded, or what it exports is not a source; `SourceError`
 *   from `prepare`, where the source does not keep to what it says, or fails otherwise than with an error of this project
 */
export async function loadSource(file: string): Promise<Source> {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new SourceFileError(
      `${file}: there is no such file; expected a source of your own, such as ./my-source.ts`,
    );
  }
  if (!found.isFile()) {
    throw new SourceFileError(
      `${file}: is not a file; expected a source of your own, such as ./my-source.ts`,
    );
  }
  const { files, packages } = await loading(
    file,
    async () => (await findSources(path, dirname(path))).record,
  );
  const exported = await loading(file, () => importFile(path));
  const source = asSource(exported, file);
  const code = { file: basename(path), files, packages };
  return {
    ...source,
    prepare: async (request) => {
      try {
        return await source.prepare({ ...request, code });
      } catch (error) {
        throw request.signal?.aborted ? error : asFailure(error, file);
      }
    },
  };
}

function asSource(exported: unknown, file: string): Source {
  try {
    return expectSource(exported, file);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SourceFileError(error.message, { cause: error });
  }
}

async function loading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SourceFileError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** An error of this project, such as `InputError`, says what is wrong; any other happened to the source, and is told with its file. */
function asFailure(error: unknown, file: string): ClipLungError {
  if (error instanceof SourceError) {
    return new SourceError(`${file}: ${error.message}`, { cause: error });
  }
  if (error instanceof ClipLungError) return error;
  return new SourceError(
    `${file}: the source failed: ${error instanceof Error ? nameOf(error) + error.message : String(error)} (--verbose shows where)`,
    { cause: error },
  );
}

function nameOf({ name }: Error): string {
  return name === 'Error' ? '' : `${name}: `;
}
