import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  square,
} from './synthetic.js';

/** Scans of one nodule each. */
export function scans(count: number): Promise<string> {
  const files: Record<string, string | Uint8Array> = {};
  for (let number = 1; number <= count; number++) {
    const series = `1.2.3.${number}`;
    const regions = [3, 4].map((z) => ({ z, points: square(5, 5, 4) }));
    const ratings = ratingsOf({ malignancy: 1 + (number % 5) });
    files[`${number}/a.xml`] = lidcXml([[{ ratings, regions }]], series);
    for (let z = 0; z < 8; z++) {
      files[`${number}/${z}.dcm`] = sliceFile({
        series,
        sop: `${series}.${z}`,
        patient: `LIDC-IDRI-${String(number).padStart(4, '0')}`,
        position: [0, 0, z],
        stored: (x, y) => (x * 37 + y * 11 + z * 5 + number) % 1000,
      });
    }
  }
  return folderOf(files);
}

/** The bytes of each file of a folder, by its name. */
export async function contentOf(
  folder: string,
): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const entries = names.map(
    async (name) =>
      [name, (await readFile(join(folder, name))).toString('latin1')] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
