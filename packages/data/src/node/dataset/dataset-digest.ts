import { createHash } from 'node:crypto';

import { ruleOf } from '../../dataset/manifest.js';
import type { Dataset } from '../../dataset/nodule.js';

/** Datasets do not change, and a grid asks for the same one's digest once for every run. */
const known = new WeakMap<Dataset, string>();

/**
 * Hex SHA-256 of all that training takes from a dataset: each nodule's crop, label, ratings, columns, patient and fold. Where the
 * folder lies, and what else it says of a nodule, does not count.
 */
export function datasetDigest(dataset: Dataset): string {
  const digest = known.get(dataset) ?? digestOf(dataset);
  known.set(dataset, digest);
  return digest;
}

function digestOf({ nodules, crops, manifest }: Dataset): string {
  const { data, shape } = crops;
  const hash = createHash('sha256');
  const { source, window, classes, attributes, columns } = manifest;
  // Runs on LIDC-IDRI and NoduleMNIST3D have this of before classes were the dataset's own, and go on.
  hash.update(JSON.stringify([shape, ruleOf(manifest) ?? 'pylidc', window]));
  if (source.name !== 'lidc' && source.name !== 'nodulemnist3d') {
    hash.update(JSON.stringify([classes, attributes, columns]));
  }
  for (const nodule of nodules) {
    const { id, patient, label, malignancy, malignancyRatings } = nodule;
    const { ratings, fold, part } = nodule;
    const own = [id, patient, label, malignancy, malignancyRatings];
    hash.update(JSON.stringify([...own, ratings, fold, part]));
    if (nodule.columns) hash.update(JSON.stringify(nodule.columns));
  }
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}
