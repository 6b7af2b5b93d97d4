import {
  type Augmenter,
  mixRows,
  type Mixture,
  plainView,
  type View,
  viewCrop,
} from '@clip-lung/augment';
import { type FieldValues, rowsOf } from '@clip-lung/data';
import {
  at,
  float32,
  int32,
  type NdArray,
  RandomStream,
  ShapeError,
} from '@clip-lung/tensor';

import type { BatchRequest } from './batch-plan.js';
import type { NoduleTable } from './nodule-table.js';

/** How to make a batch of B nodules, with everything drawn: plain data, which a thread can be given. */
export interface BatchRecipe {
  /** of the dataset, [B] */
  readonly rows: readonly number[];
  /** how each crop is looked at, [B] */
  readonly views: readonly View[];
  /** with whom each is mixed, [B]; null where nothing mixes */
  readonly mixtures: readonly Mixture[] | null;
}

/** The values of a batch: what a thread hands over. */
export interface BatchValues {
  /** crops scaled to 0..1, slices first, [B, size, size, size] */
  readonly images: Float32Array<ArrayBuffer>;
  /** those of the table, [B, ...shape] */
  readonly fields: Readonly<
    Record<string, Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>
  >;
}

/** One batch in host memory: {@link BatchValues} with their shapes. */
export interface HostBatch {
  readonly images: NdArray<'float32'>;
  readonly labels: NdArray<'int32'>;
  readonly targets: NdArray<'float32'>;
  readonly attributeWeights: NdArray<'float32'>;
  /** what a model's modules ask for besides, by the names that it has for them */
  readonly fields: Readonly<Record<string, NdArray>>;
}

/** Nodules as they are: the middles of their crops. */
export function plainRecipe(rows: readonly number[]): BatchRecipe {
  return { rows, views: rows.map(() => plainView), mixtures: null };
}

/**
 * Draws a batch to learn from. It is a function of the request: each nodule's changes are drawn from a stream of its own, by
 * seed, fold, epoch and the nodule's ID.
 *
 * @throws `ShapeError` for a row that the table does not have
 */
export function drawRecipe(
  table: NoduleTable,
  request: BatchRequest,
  augmenter: Augmenter,
): BatchRecipe {
  const { rows } = request;
  const streamOf = streamsOf(table, request);
  return {
    rows,
    views: rows.map((row) => augmenter.view(streamOf(row))),
    mixtures: augmenter.mixes
      ? rows.map((row, place) =>
          augmenter.mixture(streamOf(row), place, rows.length),
        )
      : null,
  };
}

/** The stream of each nodule in the epoch of a request. */
function streamsOf(
  { ids }: NoduleTable,
  { seed, fold, epoch }: BatchRequest,
): (row: number) => RandomStream {
  const stream = new RandomStream(
    seed,
    'augment',
    `fold-${fold}`,
    `epoch-${epoch}`,
  );
  return (row) => {
    const id = ids[row];
    if (id !== undefined) return stream.stream(id);
    throw new ShapeError(`the dataset has no row ${row}`);
  };
}

/**
 * Makes a batch by its recipe.
 *
 * @param changeImage changes the image of the i-th nodule in place, before any are mixed; default nothing
 * @throws `ShapeError` for a row that the table does not have, or a view beyond the margin
 */
export function makeBatch(
  table: NoduleTable,
  { rows, views, mixtures }: BatchRecipe,
  changeImage: (image: Float32Array, i: number) => void = () => undefined,
): BatchValues {
  const { stored, size, window } = table;
  const voxels = stored ** 3;
  const pixels = size ** 3;
  const images = new Float32Array(rows.length * pixels);
  rows.forEach((row, i) => {
    if (!(row in table.ids)) {
      throw new ShapeError(`the dataset has no row ${row}`);
    }
    const image = images.subarray(i * pixels, (i + 1) * pixels);
    viewCrop(
      table.crops.subarray(row * voxels, (row + 1) * voxels),
      at(views, i, 'views'),
      { stored, size, window },
      image,
    );
    changeImage(image, i);
  });
  const mix = (values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> =>
    mixtures === null ? values : mixRows(values, mixtures);
  const fieldOf = (
    field: FieldValues,
  ): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> => {
    const values = rowsOf(field, rows);
    return field.mixed && values instanceof Float32Array ? mix(values) : values;
  };
  return {
    images: mix(images),
    fields: mapValues(table.fields, fieldOf),
  };
}

/**
 * A batch to learn from, drawn and made.
 *
 * @throws `ShapeError` for a row that the table does not have, or a view beyond the margin
 */
export function trainingBatch(
  table: NoduleTable,
  request: BatchRequest,
  augmenter: Augmenter,
): BatchValues {
  const streamOf = streamsOf(table, request);
  return makeBatch(
    table,
    drawRecipe(table, request, augmenter),
    augmenter.changesImages
      ? (image, i) => {
          const row = at(request.rows, i, 'rows');
          augmenter.changeImage(image, table.size, streamOf(row));
        }
      : undefined,
  );
}

function mapValues<T, U>(
  values: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, change(value)]),
  );
}

/** The values with their shapes. */
export function shapedBatch(
  { size, fields }: NoduleTable,
  values: BatchValues,
): HostBatch {
  const count = values.images.length / size ** 3;
  const arrays = Object.entries(values.fields).map(([name, own]) => {
    const field = fields[name];
    if (field === undefined) throw new RangeError(`there is no field ${name}`);
    const whole = [count, ...field.shape];
    return [
      name,
      own instanceof Float32Array ? float32(whole, own) : int32(whole, own),
    ] as const;
  });
  const all = new Map<string, NdArray>(arrays);
  const take = <D extends 'float32' | 'int32'>(
    name: string,
    dtype: D,
  ): NdArray<D> => {
    const array = all.get(name);
    if (array?.is(dtype) !== true) {
      throw new ShapeError(`the batch lacks "${name}", ${dtype}`);
    }
    all.delete(name);
    return array;
  };
  return {
    images: float32([count, size, size, size], values.images),
    labels: take('labels', 'int32'),
    targets: take('targets', 'float32'),
    attributeWeights: take('attributeWeights', 'float32'),
    fields: Object.fromEntries(all),
  };
}
