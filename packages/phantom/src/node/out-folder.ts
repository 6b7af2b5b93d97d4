import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@clip-lung/data';
import { asFileWriteError, writeFileAtomic } from '@clip-lung/tensor/node';

import type { Phantom } from '../phantom.js';

/** The file that marks a folder as a phantom's: what is beside it may be replaced by another phantom. */
const markerName = 'phantom.json';
const marker = 'CLIP-Lung phantom: simulated scans, no patients';

/** What lies in a phantom, by its path below it: files of three names, and of patients the folders and files as TCIA names them. */
const ownFile =
  /^((truth\.csv|quirks\.json|phantom\.json)|\.?PHANTOM-\d{4}(\.partial)?\/[\d-]+\/[\d.-]+(-radiograph)?\/[\w-]+\.(dcm|xml))$/;
const ownFolder =
  /^\.?PHANTOM-\d{4}(\.partial)?(\/[\d-]+(\/[\d.-]+(-radiograph)?)?)?$/;
const patientFolder = /^(PHANTOM-\d{4}|\.PHANTOM-\d{4}\.partial)$/;
/** Half-written by a run that was killed. */
const halfWritten =
  /^\.(truth\.csv|quirks\.json|phantom\.json)\.[0-9a-f]{12}\.tmp$/;
/** What a file manager leaves in every folder that it shows. */
const ofNobody = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/**
 * Makes `out` ready for a phantom: empty but for the marker. A phantom that is there already, whole or not, is removed.
 *
 * @throws {@link InputError} where `out` holds anything that no phantom put there; it is left as it is
 */
export async function prepareFolder(
  out: string,
  { patients, seed, nodulesPerPatient, matrix, quirks }: Phantom,
): Promise<void> {
  const entries = await readdir(out).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT') return [];
      if (error.code === 'ENOTDIR') {
        throw new InputError(`${out}: is a file, expected a folder`, {
          cause: error,
        });
      }
    }
    throw asFileWriteError(out, error);
  });
  if (entries.length > 0) {
    const marked =
      entries.includes(markerName) &&
      (await readFile(join(out, markerName), 'utf8').catch(() => '')).includes(
        marker,
      );
    const foreign = await foreignIn(out);
    if (!marked || foreign !== undefined) {
      throw new InputError(
        `${out}: holds "${foreign ?? entries[0] ?? ''}", which is not part of a phantom; expected an empty folder, a new one, or an earlier phantom. Choose another folder`,
      );
    }
    await removePhantom(out);
  }
  const content = {
    content: marker,
    version: 1,
    patients,
    seed,
    nodulesPerPatient,
    matrix,
    quirks,
  };
  await writeFileAtomic(
    join(out, markerName),
    `${JSON.stringify(content, null, 2)}\n`,
  );
}

/** Anything that no phantom put there, at any depth: a patient's folder is removed with all that is in it. */
async function foreignIn(out: string, below = ''): Promise<string | undefined> {
  const entries = await readdir(join(out, below), { withFileTypes: true });
  const folders: string[] = [];
  for (const entry of entries) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && ownFolder.test(name)) folders.push(name);
    else if (!entry.isFile() || !isOwnFile(name)) return name;
  }
  for (const name of folders) {
    const found = await foreignIn(out, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOwnFile(name: string): boolean {
  return [ownFile, halfWritten, ofNobody].some((known) => known.test(name));
}

/** Removes a phantom; its folder stays, empty. The marker goes last, so that a folder half removed is still known. */
export async function removePhantom(out: string): Promise<void> {
  const parts = (await readdir(out)).filter(
    (entry) =>
      entry !== markerName && (patientFolder.test(entry) || isOwnFile(entry)),
  );
  for (const entry of [...parts, markerName]) {
    await rm(join(out, entry), { recursive: true, force: true });
  }
}
