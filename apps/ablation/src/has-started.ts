import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { FileReadError, isMissing } from '@clip-lung/tensor/node';

import { gridPaths } from './grid-record.js';

/** Whether a cell may have been started, here or on a cluster: that leaves something in one of these folders. */
export async function hasStarted(folder: string): Promise<boolean> {
  const { jobs, run } = gridPaths(folder);
  for (const one of [jobs, dirname(run('any'))]) {
    try {
      if ((await readdir(one)).length > 0) return true;
    } catch (error) {
      const own = new FileReadError(one, error);
      if (!isMissing(own)) throw own;
    }
  }
  return false;
}
