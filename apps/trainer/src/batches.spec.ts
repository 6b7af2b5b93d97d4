import {
  attributeWeights,
  type Dataset,
  huWindow,
  type Label,
  labels as allLabels,
  perAttribute,
} from '@clip-lung/data';
import { createAugmenter } from '@clip-lung/augment';
import { NdArray, RandomStream, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import {
  type BatchRequest,
  noduleTable,
  type NoduleTable,
  plainBatch,
  plannedBatches,
  trainingBatch,
} from './index.js';

const [stored, size] = [8, 4];
const random = new RandomStream(4, 'crops');
const crops = new NdArray(
  'int16',
  [6, stored, stored, stored],
  Int16Array.from(
    { length: 6 * stored ** 3 },
    () => random.integer(2000) - 1300,
  ),
);

/** Six nodules, two of each class, whose readers disagree. */
const dataset = {
  crops,
  manifest: { rule: 'pylidc' },
  nodules: Array.from({ length: 6 }, (_, i) => ({
    id: `n${i}`,
    label: allLabels[i % 3] ?? 'benign',
    malignancy: 1 + (i % 3) * 2,
    malignancyRatings: [1, 1 + (i % 3) * 2, 5, 3],
    ratings: perAttribute((name) => 1 + ((i + name.length) % 5)),
  })),
} as unknown as Dataset;

const tableWith = (
  data: Partial<Parameters<typeof noduleTable>[1]['data']> = {},
  classes: readonly Label[] = allLabels,
): NoduleTable =>
  noduleTable(dataset, {
    classes,
    size,
    data: { targets: 'label', attributes: 'eight', ...data },
  });

const table = tableWith();
const rowOf = (values: Float32Array, length: number, i: number): number[] =>
  Array.from(values.subarray(i * length, (i + 1) * length));

describe('the table that batches are made of', () => {
  it('has labels as rows with a single 1, and none for what is no class', () => {
    expect([...table.labels]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(rowOf(table.targets, 3, 4)).toEqual([0, 1, 0]);
    const two = tableWith({}, ['benign', 'malignant']);
    expect([...two.labels]).toEqual([0, -1, 1, 0, -1, 1]);
    expect(rowOf(two.targets, 2, 1)).toEqual([0, 0]);
  });

  it('has the shares of the readers’ votes when they are asked for', () => {
    const { targets } = tableWith({ targets: 'votes' });
    expect(rowOf(targets, 3, 0)).toEqual([0.5, 0.25, 0.25]);
    expect(rowOf(targets, 3, 1)).toEqual([0.25, 0.5, 0.25]);
    const two = tableWith({ targets: 'votes' }, ['benign', 'malignant']);
    expect(rowOf(two.targets, 2, 1)).toEqual([0, 0]);
    expect(rowOf(two.targets, 2, 2)[1]).toBeCloseTo(2 / 3, 6);
  });

  it('has eight attribute weights, or nine with malignancy in front', () => {
    const [nodule] = dataset.nodules;
    expect(nodule).toBeDefined();
    if (nodule === undefined) return;
    expect(rowOf(table.attributeWeights, 8, 0)).toEqual(
      [...attributeWeights(nodule)].map(Math.fround),
    );
    const nine = tableWith({ attributes: 'nine' });
    expect(nine.attributes).toBe(9);
    const weights = rowOf(nine.attributeWeights, 9, 0);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    const [first = NaN, second = NaN, third = NaN] = weights;
    // A softmax: ratings tell the ratios.
    expect(Math.log(second / first)).toBeCloseTo(
      (nodule.ratings?.subtlety ?? NaN) - (nodule.malignancy ?? NaN),
      5,
    );
    expect(second / third).toBeCloseTo(
      (rowOf(table.attributeWeights, 8, 0)[0] ?? NaN) /
        (rowOf(table.attributeWeights, 8, 0)[1] ?? NaN),
      5,
    );
  });

  it('has its crops in shared memory, and copies them into it once at most', () => {
    expect(table.crops.buffer).toBeInstanceOf(SharedArrayBuffer);
    const given = new NdArray('int16', crops.shape, table.crops);
    const again = noduleTable(
      { ...dataset, crops: given },
      {
        classes: allLabels,
        size,
        data: { targets: 'label', attributes: 'eight' },
      },
    );
    expect(again.crops).toBe(table.crops);
  });
});

describe('a batch', () => {
  const request = (more: Partial<BatchRequest> = {}): BatchRequest => ({
    ...{ rows: [4, 0, 3, 5], seed: 1, fold: 0, epoch: 2 },
    ...more,
  });
  const moves = createAugmenter([
    { use: 'flip' },
    { use: 'quarter-turn', planes: 'all' },
    { use: 'shift', voxels: 2 },
    { use: 'intensity' },
  ]);
  const imagesOf = (
    given: BatchRequest,
    augmenter = moves,
  ): Map<number, number[]> => {
    const { images } = trainingBatch(table, given, augmenter);
    return new Map(
      given.rows.map((row, i) => [row, rowOf(images, size ** 3, i)]),
    );
  };

  it('of nodules as they are is the windowed middle of their crops', () => {
    const { images, labels } = plainBatch(table, [5, 1]);
    const place = [2, 3, 4, 5];
    const of = (row: number): Int16Array =>
      Int16Array.from(
        place.flatMap((z) =>
          place.flatMap((y) =>
            place.map(
              (x) =>
                crops.data[((row * stored + z) * stored + y) * stored + x] ??
                NaN,
            ),
          ),
        ),
      );
    expect([...images]).toEqual([...huWindow(of(5)), ...huWindow(of(1))]);
    expect([...labels]).toEqual([2, 1]);
  });

  it('without augmentation is the same', () => {
    const batch = trainingBatch(table, request(), createAugmenter([]));
    expect(batch).toEqual(plainBatch(table, request().rows));
  });

  it('changes a nodule by seed, fold, epoch and its ID, whatever is beside it', () => {
    const found = imagesOf(request());
    const others = imagesOf(request({ rows: [3, 2, 4] }));
    expect(others.get(3)).toEqual(found.get(3));
    expect(others.get(4)).toEqual(found.get(4));
    for (const other of [{ seed: 2 }, { fold: 1 }, { epoch: 3 }]) {
      expect(imagesOf(request(other)).get(3)).not.toEqual(found.get(3));
    }
  });

  it('mixes images, targets and attribute weights by the same shares', () => {
    const mixing = createAugmenter([{ use: 'mixup', alpha: 2 }]);
    const plain = plainBatch(table, request().rows);
    const mixed = trainingBatch(table, request(), mixing);
    expect(mixed.labels).toEqual(plain.labels);
    let changed = 0;
    request().rows.forEach((row, i) => {
      const stream = new RandomStream(1, 'augment', 'fold-0', 'epoch-2');
      const { partner, share } = mixing.mixture(stream.stream(`n${row}`), i, 4);
      changed += Number(partner !== i);
      for (const name of ['images', 'targets', 'attributeWeights'] as const) {
        const length = plain[name].length / 4;
        const other = rowOf(plain[name], length, partner);
        rowOf(plain[name], length, i).forEach((own, j) => {
          expect(mixed[name][i * length + j]).toBeCloseTo(
            share * own + (1 - share) * (other[j] ?? NaN),
            6,
          );
        });
      }
    });
    expect(changed).toBeGreaterThan(0);
  });

  it('is refused for a row that the dataset does not have', () => {
    expect(() => plainBatch(table, [6])).toThrow(
      new ShapeError('the dataset has no row 6'),
    );
  });
});

describe('the plan of a fold', () => {
  const plan = (fromEpoch: number): BatchRequest[] => [
    ...plannedBatches({
      ...{ train: [2, 3, 5, 7, 11, 13, 17], batchSize: 3 },
      ...{ seed: 1, fold: 0, fromEpoch, epochs: 4 },
    }),
  ];

  it('has the full batches of every epoch, in an order of its own', () => {
    const all = plan(0);
    expect(all.map(({ epoch }) => epoch)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(all.every(({ rows }) => rows.length === 3)).toBe(true);
    const orders = [0, 1, 2, 3].map((epoch) =>
      all.filter((one) => one.epoch === epoch).flatMap(({ rows }) => rows),
    );
    expect(orders.every((rows) => new Set(rows).size === 6)).toBe(true);
    expect(new Set(orders.map(String)).size).toBe(4);
  });

  it('goes on from any epoch as if it had begun there', () => {
    for (const from of [1, 3, 4]) {
      expect(plan(from)).toEqual(plan(0).slice(2 * from));
    }
  });
});
