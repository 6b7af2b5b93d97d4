import { readdir } from 'node:fs/promises';

import { datasetFiles } from '../../dataset/format.js';
import { cropFiles } from './crops/crop-arrays.js';

/** Says of a folder with these names that it is a dataset, and so nothing to make one of. */
export function asDataset(names: readonly string[]): string | undefined {
  const { manifest, folds, crops } = datasetFiles;
  return [manifest, folds, crops].every((name) => names.includes(name))
    ? 'is a dataset already, made by prepare: give it to train as --data'
    : undefined;
}

/** What an input seems to be that is not LIDC-IDRI's, as the end of an error; empty where it cannot be told. */
export async function otherInput(folder: string): Promise<string> {
  const names = await readdir(folder);
  const dataset = asDataset(names);
  if (dataset !== undefined) return `. The folder ${dataset}`;
  return names.includes(cropFiles.table)
    ? `. With its ${cropFiles.table} the folder may be one of crops: --from crops`
    : '';
}
