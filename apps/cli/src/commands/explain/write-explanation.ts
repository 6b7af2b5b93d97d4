import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  FileWriteError,
  writeFileAtomic,
  writeNpy,
} from '@clip-lung/tensor/node';

import type { ExplanationReport } from './report.js';

/**
 * Writes `explanation.json`, and of a single nodule its map: as the method gives it, over the crop, and as a figure.
 *
 * @returns the files
 */
export async function writeExplanation(
  folder: string,
  { json, map }: ExplanationReport,
): Promise<readonly string[]> {
  const files: string[] = [];
  const file = (name: string): string => {
    const path = join(folder, name);
    files.push(path);
    return path;
  };
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new FileWriteError(folder, error);
  }
  if (map !== undefined) {
    await writeNpy(file('map.npy'), map.raw);
    await writeNpy(file('map-over-crop.npy'), map.overCrop);
    await writeFileAtomic(file('map.svg'), map.svg);
  }
  const text = `${JSON.stringify(json, null, 2)}\n`;
  await writeFileAtomic(file('explanation.json'), text);
  return files;
}
