import { type Dataset, fieldValues, rowsOf } from '@clip-lung/data';
import {
  attributesIn,
  type Model,
  type ResolvedExperiment,
} from '@clip-lung/model';
import type { PredictionRow } from '@clip-lung/run';
import { at, float32, int32, type NdArray } from '@clip-lung/tensor';

import type { Places } from './run-with-texts.js';

/** The fields of a batch by their names, filled up with the first nodule's so that one graph serves for all. */
export type FieldsOfBatch = (
  batch: readonly Pick<PredictionRow, 'nodule'>[],
  batchSize: number,
) => Readonly<Record<string, NdArray>>;

/**
 * What the prompts of a model are made of besides images, for batches of a dataset's nodules.
 *
 * @param data of the experiment
 * @throws `OptionError` for what the dataset does not tell; RangeError for a nodule that it does not have
 */
export function batchFields(
  { classes, textFields }: Pick<Model, 'classes' | 'textFields'>,
  data: Pick<ResolvedExperiment['data'], 'attributes'>,
  { dataset, places }: { readonly dataset: Dataset; readonly places: Places },
): FieldsOfBatch {
  const attributes = attributesIn(data.attributes, dataset.manifest.attributes);
  const known = textFields.map(({ name, field }) => ({
    name,
    ...fieldValues(dataset, field, { classes, attributes }),
  }));
  return (batch, batchSize) => {
    const rows = Array.from({ length: batchSize }, (_, i) => {
      const { nodule } = batch[i] ?? at(batch, 0, 'nodules');
      const place = places.get(nodule);
      if (place !== undefined) return place;
      throw new RangeError(`the dataset has no nodule ${nodule}`);
    });
    return Object.fromEntries(
      known.map(({ name, shape, values }) => {
        const own = rowsOf({ shape, values }, rows);
        const whole = [batchSize, ...shape];
        return [
          name,
          own instanceof Float32Array ? float32(whole, own) : int32(whole, own),
        ];
      }),
    );
  };
}
