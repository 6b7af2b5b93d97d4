import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError } from '@clip-lung/tensor';
import { readNpy, writeNpy } from '@clip-lung/tensor/node';
import type { TextFeatureCache } from '../text-features.js';

/** Keeps text features in a folder, a `.npy` file for each text, named by the SHA-256 of all that they depend on. */
export function folderFeatureCache(folder: string): TextFeatureCache {
  const pathOf = (key: string): string =>
    join(folder, `${createHash('sha256').update(key).digest('hex')}.npy`);
  return {
    async get(key) {
      const path = pathOf(key);
      if (!existsSync(path)) return undefined;
      try {
        const features = await readNpy(path);
        return features.is('float32') ? features : undefined;
      } catch (error) {
        // A damaged file is as good as none: it will be written anew.
        if (error instanceof FileFormatError) return undefined;
        throw error;
      }
    },
    set: (key, features) => writeNpy(pathOf(key), features),
  };
}
