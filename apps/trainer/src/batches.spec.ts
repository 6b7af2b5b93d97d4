import { attributeWeights, type Dataset } from '@clip-lung/data';
import {
  createAugmenter,
  flip,
  type ImageAugmentation,
  intensity,
  mixup,
  quarterTurn,
  shift,
} from '@clip-lung/augment';
import {
  attributes,
  huWindow,
  labels as allLabels,
  perAttribute,
} from '@clip-lung/lidc';
import type { StepField } from '@clip-lung/model';
import { at, NdArray, RandomStream, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import {
  type BatchRequest,
  type BatchValues,
  noduleTable,
  type NoduleTable,
  makeBatch,
  plainRecipe,
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
  folder: 'phantom',
  manifest: {
    source: { name: 'lidc', rule: 'pylidc' },
    attributes: [...attributes],
  },
  nodules: Array.from({ length: 6 }, (_, i) => ({
    id: `n${i}`,
    patient: `p${Math.floor(i / 2)}`,
    diameter: 4 + i,
    columns: { scanner: 10 * i },
    label: allLabels[i % 3] ?? 'benign',
    malignancy: 1 + (i % 3) * 2,
    malignancyRatings: [1, 1 + (i % 3) * 2, 5, 3],
    ratings: perAttribute((name) => 1 + ((i + name.length) % 5)),
  })),
} as unknown as Dataset;

const tableWith = (
  data: Partial<Parameters<typeof noduleTable>[1]['data']> = {},
  classes: readonly string[] = allLabels,
): NoduleTable =>
  noduleTable(dataset, {
    classes,
    size,
    data: { targets: 'label', attributes: 'eight', ...data },
  });

const table = tableWith();
const plainBatch = (rows: readonly number[]): BatchValues =>
  makeBatch(table, plainRecipe(rows));
const rowOf = (
  values: Float32Array | Int32Array,
  length: number,
  i: number,
): number[] => Array.from(values.subarray(i * length, (i + 1) * length));

describe('the table that batches are made of', () => {
  it('has labels as rows with a single 1, and none for what is no class', () => {
    expect([...table.fields.labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(rowOf(table.fields.targets.values, 3, 4)).toEqual([0, 1, 0]);
    const two = tableWith({}, ['benign', 'malignant']);
    expect([...two.fields.labels.values]).toEqual([0, -1, 1, 0, -1, 1]);
    expect(rowOf(two.fields.targets.values, 2, 1)).toEqual([0, 0]);
  });

  it('has the shares of the readers’ votes when they are asked for', () => {
    const targets = tableWith({ targets: 'votes' }).fields.targets.values;
    expect(rowOf(targets, 3, 0)).toEqual([0.5, 0.25, 0.25]);
    expect(rowOf(targets, 3, 1)).toEqual([0.25, 0.5, 0.25]);
    const two = tableWith({ targets: 'votes' }, ['benign', 'malignant']);
    expect(rowOf(two.fields.targets.values, 2, 1)).toEqual([0, 0]);
    expect(rowOf(two.fields.targets.values, 2, 2)[1]).toBeCloseTo(2 / 3, 6);
  });

  it('has eight attribute weights, or nine with malignancy in front', () => {
    const [nodule] = dataset.nodules;
    expect(nodule).toBeDefined();
    if (nodule === undefined) return;
    expect(rowOf(table.fields.attributeWeights.values, 8, 0)).toEqual(
      [...attributeWeights(nodule)].map(Math.fround),
    );
    const nine = tableWith({ attributes: 'nine' });
    expect(nine.fields.attributeWeights.shape).toEqual([9]);
    const weights = rowOf(nine.fields.attributeWeights.values, 9, 0);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    const [first = NaN, second = NaN, third = NaN] = weights;
    // A softmax: ratings tell the ratios.
    expect(Math.log(second / first)).toBeCloseTo(
      (nodule.ratings?.subtlety ?? NaN) - (nodule.malignancy ?? NaN),
      5,
    );
    expect(second / third).toBeCloseTo(
      (rowOf(table.fields.attributeWeights.values, 8, 0)[0] ?? NaN) /
        (rowOf(table.fields.attributeWeights.values, 8, 0)[1] ?? NaN),
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
    flip(),
    quarterTurn({ planes: 'all' }),
    shift({ voxels: 2 }),
    intensity(),
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
    const { images, fields } = plainBatch([5, 1]);
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
    expect([...(fields['labels'] ?? [])]).toEqual([2, 1]);
  });

  it('without augmentation is the same', () => {
    const batch = trainingBatch(table, request(), createAugmenter([]));
    expect(batch).toEqual(plainBatch(request().rows));
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
    const mixing = createAugmenter([mixup({ alpha: 2 })]);
    const plain = plainBatch(request().rows);
    const mixed = trainingBatch(table, request(), mixing);
    expect(mixed.fields['labels']).toEqual(plain.fields['labels']);
    const names = ['images', 'targets', 'attributeWeights'] as const;
    const valuesOf = (
      batch: BatchValues,
      name: (typeof names)[number],
    ): Float32Array =>
      name === 'images' ? batch.images : (batch.fields[name] as Float32Array);
    let changed = 0;
    request().rows.forEach((row, i) => {
      const stream = new RandomStream(1, 'augment', 'fold-0', 'epoch-2');
      const { partner, share } = mixing.mixture(stream.stream(`n${row}`), i, 4);
      changed += Number(partner !== i);
      for (const name of names) {
        const before = valuesOf(plain, name);
        const length = before.length / 4;
        const other = rowOf(before, length, partner);
        rowOf(before, length, i).forEach((own, j) => {
          expect(valuesOf(mixed, name)[i * length + j]).toBeCloseTo(
            share * own + (1 - share) * at(other, j),
            6,
          );
        });
      }
    });
    expect(changed).toBeGreaterThan(0);
  });

  it('has what a model asks for: numbers are mixed, but those that tell nodules apart', () => {
    const asked: readonly StepField[] = [
      { name: 'field0', field: 'diameter', shape: ['B'], dtype: 'float32' },
      { name: 'field1', field: 'patient', shape: ['B'], dtype: 'int32' },
      { name: 'field2', field: 'ratings', shape: ['B', 'M'], dtype: 'float32' },
      { name: 'field3', field: 'votes', shape: ['B', 'K'], dtype: 'float32' },
      {
        ...{ name: 'field4', field: { column: 'scanner', mixed: false } },
        ...{ shape: ['B'], dtype: 'float32' },
      },
      { name: 'field5', field: 'progress', shape: [], dtype: 'float32' },
    ];
    const own = noduleTable(dataset, {
      classes: allLabels,
      size,
      data: { targets: 'label', attributes: 'eight' },
      asked,
    });
    expect(Object.keys(own.fields).slice(3)).toEqual(
      asked.slice(0, 5).map(({ name }) => name),
    );
    const rows = [4, 0, 3, 5];
    const made = makeBatch(own, {
      ...plainRecipe(rows),
      mixtures: rows.map(() => ({ partner: 0, share: 0.75 })),
    });
    const of = (name: string): number[] => [...(made.fields[name] ?? [])];
    // Diameters are 4 + row; the first, of row 4, is mixed into all.
    expect(of('field0')).toEqual(rows.map((row) => 5 + 0.75 * row));
    expect(of('field1')).toEqual([2, 0, 1, 2]);
    expect(of('field4')).toEqual([40, 0, 30, 50]);
    expect(of('field2').slice(0, 8)).toEqual(
      Object.values(dataset.nodules[4]?.ratings ?? {}),
    );
    expect(of('field3').slice(0, 3)).toEqual([0.25, 0.5, 0.25]);
  });

  it('has as many ratings as there are attributes, malignancy among the nine', () => {
    const own = noduleTable(dataset, {
      classes: allLabels,
      size,
      data: { targets: 'label', attributes: 'nine' },
      asked: [
        {
          name: 'field0',
          field: 'ratings',
          shape: ['B', 'M'],
          dtype: 'float32',
        },
      ],
    });
    expect(own.fields['field0']?.shape).toEqual([9]);
    const { malignancy, ratings } = at(dataset.nodules, 2);
    const made = makeBatch(own, plainRecipe([2])).fields['field0'];
    expect([...(made ?? [])]).toEqual([
      malignancy,
      ...Object.values(ratings ?? {}),
    ]);
  });

  it('is refused where the dataset does not tell what a model asks for', () => {
    const ask = (field: StepField['field']) => () =>
      noduleTable(dataset, {
        classes: allLabels,
        size,
        data: { targets: 'label', attributes: 'eight' },
        asked: [{ name: 'field0', field, shape: ['B'], dtype: 'float32' }],
      });
    expect(ask({ column: 'kernel' })).toThrow(
      'the dataset phantom has no column "kernel" for nodule n0',
    );
    expect(ask('malignancy')).not.toThrow();
  });

  it('has images that are changed in ways no view tells', () => {
    const cutOut: ImageAugmentation = {
      name: 'cut-out',
      kind: 'image',
      change(image, side, random) {
        expect(image).toHaveLength(side ** 3);
        image[random.integer(side ** 3)] = 7;
      },
    };
    const augmenter = createAugmenter([cutOut]);
    const { images } = trainingBatch(table, request(), augmenter);
    const plain = plainBatch(request().rows).images;
    const changed = [...images].filter((value, i) => value !== plain[i]);
    expect(changed).toEqual([7, 7, 7, 7]);
    expect(trainingBatch(table, request(), augmenter).images).toEqual(images);
  });

  it('is refused for a row that the dataset does not have', () => {
    expect(() => plainBatch([6])).toThrow(
      new ShapeError('the dataset has no row 6'),
    );
  });
});

describe('the plan of a fold', () => {
  const plan = (
    fromEpoch: number,
    more: { accumulate?: number; batchSize?: number; skip?: number } = {},
  ): BatchRequest[] => [
    ...plannedBatches({
      ...{ train: [2, 3, 5, 7, 11, 13, 17], batchSize: 3 },
      ...{ seed: 1, fold: 0, fromEpoch, epochs: 4 },
      ...more,
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

  it('has whole steps alone where they have several batches, and leaves out whole ones', () => {
    const steps = { batchSize: 1, accumulate: 3 };
    const all = plan(3, steps);
    expect(all).toEqual(plan(3, { batchSize: 1 }).slice(0, 6));
    expect(plan(3, { ...steps, skip: 1 })).toEqual(all.slice(3));
    expect(plan(3, { batchSize: 2, accumulate: 2 })).toHaveLength(2);
  });

  it('goes on from any epoch as if it had begun there', () => {
    for (const from of [1, 3, 4]) {
      expect(plan(from)).toEqual(plan(0).slice(2 * from));
    }
  });
});
