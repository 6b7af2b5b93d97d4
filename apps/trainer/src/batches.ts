import {
  attributeWeights,
  type Dataset,
  huWindow,
  type Label,
  lungWindow,
} from '@clip-lung/data';
import {
  float32,
  int32,
  type NdArray,
  RandomStream,
  ShapeError,
} from '@clip-lung/tensor';

/** One batch in host memory, for B nodules. */
export interface HostBatch {
  /** crops scaled to 0..1, [B, 32, 32, 32], slices first */
  readonly images: NdArray<'float32'>;
  /** class index of each nodule, [B] */
  readonly labels: NdArray<'int32'>;
  /** the labels as rows with a single 1, [B, K] */
  readonly targets: NdArray<'float32'>;
  /** [B, M] */
  readonly attributeWeights: NdArray<'float32'>;
}

/**
 * The order in which an epoch takes the training rows: a function of seed, fold and epoch alone, so a run that goes on
 * needs to know nothing of the epochs before.
 */
export function epochOrder(
  rows: readonly number[],
  {
    seed,
    fold,
    epoch,
  }: { readonly seed: number; readonly fold: number; readonly epoch: number },
): readonly number[] {
  return new RandomStream(
    seed,
    'order',
    `fold-${fold}`,
    `epoch-${epoch}`,
  ).shuffle(rows);
}

/** Full batches only: batch normalisation learns little from a few nodules. */
export function fullBatches(
  rows: readonly number[],
  batchSize: number,
): readonly (readonly number[])[] {
  return Array.from({ length: Math.floor(rows.length / batchSize) }, (_, i) =>
    rows.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/** How many of the nodules each class has, [K]. */
export function countClasses(
  { nodules }: Pick<Dataset, 'nodules'>,
  rows: readonly number[],
  classes: readonly Label[],
): NdArray<'float32'> {
  const counts = classes.map(
    (name) => rows.filter((row) => nodules[row]?.label === name).length,
  );
  return float32([classes.length], counts);
}

/** @param rows of the dataset, one for each nodule of the batch */
export function makeBatch(
  { crops, nodules }: Pick<Dataset, 'crops' | 'nodules'>,
  rows: readonly number[],
  classes: readonly Label[],
): HostBatch {
  const size = crops.shape
    .slice(1)
    .reduce((product, length) => product * length, 1);
  const images = new Float32Array(rows.length * size);
  const weights: number[] = [];
  const labels = rows.map((row, i) => {
    const nodule = nodules[row];
    if (nodule === undefined)
      throw new ShapeError(`the dataset has no row ${row}`);
    huWindow(
      crops.data.subarray(row * size, (row + 1) * size),
      lungWindow,
      images.subarray(i * size, (i + 1) * size),
    );
    weights.push(...attributeWeights(nodule));
    return classes.indexOf(nodule.label);
  });
  return {
    images: float32([rows.length, ...crops.shape.slice(1)], images),
    labels: int32([rows.length], labels),
    targets: float32(
      [rows.length, classes.length],
      labels.flatMap((label) => classes.map((_, k) => Number(k === label))),
    ),
    attributeWeights: float32(
      [rows.length, weights.length / rows.length],
      weights,
    ),
  };
}
