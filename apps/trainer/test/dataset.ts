import {
  type Dataset,
  type DatasetNodule,
  datasetVersion,
} from '@clip-lung/data';
import { attributes, labels, perAttribute } from '@clip-lung/lidc';
import type { Experiment } from '@clip-lung/model';
import { NdArray, RandomStream } from '@clip-lung/tensor';

/**
 * 24 nodules of 12 patients in two folds; the class shows in the crop's brightness.
 *
 * @param side samples along each side of a crop
 */
export function dataset(side = 32): Dataset {
  const random = new RandomStream(7, 'crops');
  const size = side ** 3;
  const crops = new Int16Array(24 * size);
  const nodules = Array.from({ length: 24 }, (_, i): DatasetNodule => {
    const label = labels[i % 3] ?? 'benign';
    for (let voxel = 0; voxel < size; voxel++) {
      crops[i * size + voxel] = -900 + 400 * (i % 3) + random.integer(200);
    }
    return {
      id: `n${i}`,
      patient: `p${i >> 1}`,
      scan: `1.2.${i >> 1}`,
      x: 0,
      y: 0,
      z: 0,
      diameter: 8,
      readers: 1,
      malignancy: 1 + 2 * (i % 3),
      malignancyRatings: [1 + 2 * (i % 3)],
      label,
      ratings: perAttribute(() => 1 + (i % 3)),
      fold: (i >> 1) % 2,
    };
  });
  const options = {
    minReaders: 1,
    label: 'mean' as const,
    margin: side / 32,
    patients: null,
  };
  const counts = {
    scans: 12,
    annotations: 24,
    tooFewReaders: 0,
    leftOut: 0,
    unresolvedScans: 0,
    failedScans: 0,
    scansWithoutImages: 0,
    seriesWithoutAnnotations: 0,
    xmlFiles: 12,
    radiographs: 0,
    duplicates: 0,
    otherModalities: 0,
    otherFiles: 0,
    unreadable: 0,
  };
  return {
    folder: 'dataset',
    nodules,
    crops: new NdArray('int16', [24, side, side, side], crops),
    manifest: {
      format: 'clip-lung-dataset',
      version: datasetVersion,
      collection: 'phantom',
      source: { name: 'lidc', rule: 'pylidc', options, counts, failures: [] },
      classes: { names: [...labels], ordered: true },
      attributes: [...attributes],
      columns: [],
      split: { kind: 'made', folds: 2, seed: 1 },
      window: { low: -1000, high: 400 },
      crop: { size: side, scale: 2, outside: -1000 },
      counts: {
        nodules: 24,
        labels: { benign: 8, unsure: 8, malignant: 8 },
        patients: 12,
        warnings: {},
      },
      warnings: [],
    },
  };
}

/** Two steps an epoch, three epochs. */
export const small: Experiment = {
  data: { folds: 2, validation: 0.3 },
  image: { use: 'resnet18', width: 2, groups: 1, embedding: 64 },
  losses: [{ use: 'cross-entropy' }],
  training: { epochs: 3, batchSize: 4, learningRate: 0.05, ema: 0.5, seed: 3 },
};
