import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@clip-lung/data';
import { writeFileAtomic } from '@clip-lung/tensor/node';

import type { Phantom } from '../phantom.js';

/** The file that marks a folder as a phantom's: what is beside it may be replaced by another phantom. */
const markerName = 'phantom.json';
const marker = 'CLIP-Lung phantom: simulated scans, no patients';

const own =
  /^(PHANTOM-\d{4}|\.PHANTOM-\d{4}\.partial|truth\.csv|quirks\.json|phantom\.json)$/;

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
    throw error;
  });
  if (entries.length > 0) {
    const marked =
      entries.includes(markerName) &&
      (await readFile(join(out, markerName), 'utf8')).includes(marker);
    const foreign = entries.find((entry) => !own.test(entry));
    if (!marked || foreign !== undefined) {
      throw new InputError(
        `${out}: holds "${foreign ?? entries[0] ?? ''}", which no phantom put there; expected an empty folder, a new one, or an earlier phantom. Choose another folder`,
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

/** Removes a phantom; its folder stays, empty. The marker goes last, so that a folder half removed is still known. */
export async function removePhantom(out: string): Promise<void> {
  const entries = (await readdir(out)).filter((entry) => own.test(entry));
  const parts = entries.filter((entry) => entry !== markerName);
  for (const entry of [...parts, markerName]) {
    await rm(join(out, entry), { recursive: true, force: true });
  }
}
