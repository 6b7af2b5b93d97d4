import {
  type Augmenter,
  mixRows,
  type Mixture,
  plainView,
  type View,
  viewCrop,
} from '@clip-lung/augment';
import {
  float32,
  int32,
  type NdArray,
  RandomStream,
  ShapeError,
} from '@clip-lung/tensor';

import type { BatchRequest } from './batch-plan.js';
import type { NoduleTable } from './nodule-table.js';

/** The values of a batch of B nodules: what a thread hands over. */
export interface BatchValues {
  /** crops scaled to 0..1, slices first, [B, size, size, size] */
  readonly images: Float32Array<ArrayBuffer>;
  /** class index of each nodule, [B] */
  readonly labels: Int32Array<ArrayBuffer>;
  /** what is true of each nodule, each row adds up to 1, [B, K] */
  readonly targets: Float32Array<ArrayBuffer>;
  /** [B, M] */
  readonly attributeWeights: Float32Array<ArrayBuffer>;
}

/** One batch in host memory: {@link BatchValues} with their shapes. */
export interface HostBatch {
  readonly images: NdArray<'float32'>;
  readonly labels: NdArray<'int32'>;
  readonly targets: NdArray<'float32'>;
  readonly attributeWeights: NdArray<'float32'>;
}

/** Nodules as they are: the middles of their crops. @throws `ShapeError` for a row that the table does not have */
export function plainBatch(
  table: NoduleTable,
  rows: readonly number[],
): BatchValues {
  return fill(table, rows, () => plainView);
}

/**
 * A batch to learn from. It is a function of the request: each nodule's changes are drawn from a stream of its own, by seed,
 * fold, epoch and the nodule's ID.
 *
 * @throws `ShapeError` for a row that the table does not have, or a view beyond the margin
 */
export function trainingBatch(
  table: NoduleTable,
  { rows, seed, fold, epoch }: BatchRequest,
  augmenter: Augmenter,
): BatchValues {
  const stream = new RandomStream(
    seed,
    'augment',
    `fold-${fold}`,
    `epoch-${epoch}`,
  );
  const streamOf = (row: number): RandomStream => {
    const id = table.ids[row];
    if (id !== undefined) return stream.stream(id);
    throw new ShapeError(`the dataset has no row ${row}`);
  };
  const batch = fill(table, rows, (row) => augmenter.view(streamOf(row)));
  if (!augmenter.mixes) return batch;
  const mixtures: readonly Mixture[] = rows.map((row, place) =>
    augmenter.mixture(streamOf(row), place, rows.length),
  );
  return {
    labels: batch.labels,
    images: mixRows(batch.images, mixtures),
    targets: mixRows(batch.targets, mixtures),
    attributeWeights: mixRows(batch.attributeWeights, mixtures),
  };
}

function fill(
  table: NoduleTable,
  rows: readonly number[],
  viewOf: (row: number) => View,
): BatchValues {
  const { stored, size, window } = table;
  const voxels = stored ** 3;
  const pixels = size ** 3;
  const batch: BatchValues = {
    images: new Float32Array(rows.length * pixels),
    labels: new Int32Array(rows.length),
    targets: new Float32Array(rows.length * table.classes),
    attributeWeights: new Float32Array(rows.length * table.attributes),
  };
  rows.forEach((row, i) => {
    const label = table.labels[row];
    if (label === undefined) {
      throw new ShapeError(`the dataset has no row ${row}`);
    }
    viewCrop(
      table.crops.subarray(row * voxels, (row + 1) * voxels),
      viewOf(row),
      { stored, size, window },
      batch.images.subarray(i * pixels, (i + 1) * pixels),
    );
    batch.labels[i] = label;
    const copy = (from: Float32Array, to: Float32Array, n: number): void => {
      to.set(from.subarray(row * n, (row + 1) * n), i * n);
    };
    copy(table.targets, batch.targets, table.classes);
    copy(table.attributeWeights, batch.attributeWeights, table.attributes);
  });
  return batch;
}

/** The values with their shapes. */
export function shapedBatch(
  { size, classes, attributes }: NoduleTable,
  values: BatchValues,
): HostBatch {
  const { labels, images, targets, attributeWeights } = values;
  const count = labels.length;
  return {
    images: float32([count, size, size, size], images),
    labels: int32([count], labels),
    targets: float32([count, classes], targets),
    attributeWeights: float32([count, attributes], attributeWeights),
  };
}
