import type { Dataset } from '@clip-lung/data';
import { InconsistentRunError, type PredictionRow } from '@clip-lung/run';
import { float32, type NdArray } from '@clip-lung/tensor';

import type { Places } from './run-with-texts.js';

/**
 * The crops of a batch's nodules, filled up with the first so that one graph serves for all.
 *
 * @returns HU, [batchSize, side, side, side]
 * @throws {@link InconsistentRunError} for a nodule that the dataset does not have
 */
export function batchCrops(
  batch: readonly Pick<PredictionRow, 'nodule'>[],
  {
    dataset: { folder, crops },
    places,
    batchSize,
  }: {
    readonly dataset: Pick<Dataset, 'folder' | 'crops'>;
    readonly places: Places;
    readonly batchSize: number;
  },
): NdArray<'float32'> {
  const [count, ...shape] = crops.shape;
  const [first] = batch;
  if (count === undefined || first === undefined) {
    throw new RangeError('there are no crops, or no nodules in the batch');
  }
  const size = crops.data.length / count;
  const hu = new Float32Array(batchSize * size);
  for (let i = 0; i < batchSize; i++) {
    const { nodule } = batch[i] ?? first;
    const place = places.get(nodule);
    if (place === undefined || place >= count) {
      throw new InconsistentRunError(
        `${folder}: has no crop of nodule ${nodule}, which the run was tested with; give the dataset of the run with --data`,
      );
    }
    hu.set(crops.data.subarray(place * size, (place + 1) * size), i * size);
  }
  return float32([batchSize, ...shape], hu);
}
