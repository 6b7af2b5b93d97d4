import { type Dataset, fieldValues } from '@clip-lung/data';
import type { Model } from '@clip-lung/model';
import type { PredictionRow } from '@clip-lung/run';
import { at, float32, int32, type NdArray } from '@clip-lung/tensor';

import type { Places } from './run-with-texts.js';

/**
 * What the prompts of a model are made of besides images, for batches of a dataset's nodules.
 *
 * @returns for a batch, its fields by their names, filled up with the first nodule
 * @throws `OptionError` for what the dataset does not tell; RangeError for a nodule that it does not have
 */
export function batchFields(
  { classes, textFields }: Pick<Model, 'classes' | 'textFields'>,
  dataset: Dataset,
  places: Places,
): (
  batch: readonly Pick<PredictionRow, 'nodule'>[],
  batchSize: number,
) => Readonly<Record<string, NdArray>> {
  const known = textFields.map(({ name, field, shape }) => {
    if (field === 'epoch' || field === 'progress') {
      throw new TypeError(`${field} is of no nodule`);
    }
    return { name, shape, ...fieldValues(dataset, field, classes) };
  });
  return (batch, batchSize) => {
    const rows = Array.from({ length: batchSize }, (_, i) => {
      const { nodule } = batch[i] ?? at(batch, 0, 'nodules');
      const place = places.get(nodule);
      if (place !== undefined) return place;
      throw new RangeError(`the dataset has no nodule ${nodule}`);
    });
    return Object.fromEntries(
      known.map(({ name, shape, length, values }) => {
        const own = rows.flatMap((row) => [
          ...values.subarray(row * length, (row + 1) * length),
        ]);
        const whole = shape.length === 1 ? [batchSize] : [batchSize, length];
        return [
          name,
          values instanceof Float32Array
            ? float32(whole, own)
            : int32(whole, own),
        ];
      }),
    );
  };
}
