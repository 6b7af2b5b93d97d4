import { readFile, writeFile } from 'node:fs/promises';

import { jsonWithDigest } from '@clip-lung/tensor/node';

/**
 * Changes the text of a JSON file that ends with its own digest, and computes the digest anew, as whoever changes a file on
 * purpose can.
 */
export async function changeDigested(
  file: string,
  change: (text: string) => string,
): Promise<void> {
  const { sha256, ...rest } = JSON.parse(
    change(await readFile(file, 'utf8')),
  ) as Readonly<Record<string, unknown>>;
  if (typeof sha256 !== 'string') throw new TypeError(`${file} has no digest`);
  await writeFile(file, jsonWithDigest(rest));
}
