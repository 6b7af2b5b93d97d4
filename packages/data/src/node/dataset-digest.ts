import { createHash } from 'node:crypto';

import type { Dataset } from '../dataset/nodule.js';

/**
 * Hex SHA-256 of all that training takes from a dataset: each nodule's crop, label, ratings, patient and fold. Where the
 * folder lies, and what else it says of a nodule, does not count.
 */
export function datasetDigest({ nodules, crops, manifest }: Dataset): string {
  const { data, shape } = crops;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([shape, manifest.rule, manifest.window]));
  for (const nodule of nodules) {
    const { id, patient, label, malignancy, malignancyRatings } = nodule;
    const { ratings, fold, part } = nodule;
    const own = [id, patient, label, malignancy, malignancyRatings];
    hash.update(JSON.stringify([...own, ratings, fold, part]));
  }
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}
