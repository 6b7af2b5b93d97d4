import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  createAugmenter,
  flip,
  intensity,
  mixup,
  quarterTurn,
  shift,
} from '@clip-lung/augment';
import { RandomStream, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import {
  batchesHere,
  type BatchRequest,
  type BatchSource,
  batchThread,
  type HostBatch,
  type NoduleTable,
  plannedBatches,
  sourceOf,
  TrainingError,
} from './index.js';

const random = new RandomStream(1, 'table');
const many = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.uniform());

const crops = new Int16Array(new SharedArrayBuffer(2 * 20 * 6 ** 3));
crops.forEach((_, i) => {
  crops[i] = random.integer(2000) - 1200;
});

/** 20 nodules with a margin of one voxel. */
const table: NoduleTable = {
  ids: Array.from({ length: 20 }, (_, i) => `n${i}`),
  crops,
  stored: 6,
  size: 4,
  window: { low: -1000, high: 400 },
  fields: {
    labels: {
      shape: [],
      mixed: false,
      values: Int32Array.from({ length: 20 }, (_, i) => i % 3),
    },
    targets: { shape: [3], mixed: true, values: many(60) },
    attributeWeights: { shape: [8], mixed: true, values: many(160) },
    field0: { shape: [], mixed: false, values: many(20) },
  },
};

const augmenter = createAugmenter([
  flip(),
  quarterTurn(),
  shift({ voxels: 1 }),
  intensity({ gamma: 1.2 }),
  mixup(),
]);

const plan = (fromEpoch = 0): BatchRequest[] => [
  ...plannedBatches({
    train: table.ids.map((_, i) => i),
    ...{ batchSize: 6, seed: 1, fold: 0, fromEpoch, epochs: 3 },
  }),
];

async function all(
  source: BatchSource,
  requests: Iterable<BatchRequest>,
): Promise<HostBatch[]> {
  const found: HostBatch[] = [];
  for await (const batch of source.batches(requests)) found.push(batch);
  return found;
}

describe('a source that works ahead', () => {
  const batch = {
    images: new Float32Array(64),
    fields: {
      labels: new Int32Array(1),
      targets: new Float32Array(3),
      attributeWeights: new Float32Array(8),
      field0: new Float32Array(1),
    },
  };

  it('has begun so many batches more than are used, and never more', async () => {
    let begun = 0;
    const source = sourceOf(
      table,
      () => {
        begun += 1;
        return Promise.resolve(batch);
      },
      { ahead: 2, close: () => Promise.resolve() },
    );
    let used = 0;
    for await (const { images } of source.batches(plan())) {
      expect(images.shape).toEqual([1, 4, 4, 4]);
      used += 1;
      expect(begun).toBe(Math.min(used + 2, 9));
    }
    expect(used).toBe(9);
  });

  it('waits for what it has begun when nobody wants more', async () => {
    const done: number[] = [];
    let begun = 0;
    const source = sourceOf(
      table,
      async () => {
        const mine = begun++;
        await new Promise((resolve) => setTimeout(resolve, 5 * mine));
        done.push(mine);
        return batch;
      },
      { ahead: 2, close: () => Promise.resolve() },
    );
    const batches = source.batches(plan());
    await batches.next();
    await batches.return();
    expect(done).toEqual([0, 1, 2]);
  });
});

const compiled = new URL('../dist/batch-worker.js', import.meta.url);
const isBuilt = existsSync(fileURLToPath(compiled));

describe.skipIf(!isBuilt)(
  'a thread (skipped where the package is not built)',
  () => {
    const thread = batchThread(compiled);

    it('makes the same batches as this thread, from any epoch on', async () => {
      const source = thread(table, augmenter);
      try {
        const here = await all(batchesHere(table, augmenter), plan());
        expect(here).toHaveLength(9);
        expect(await all(source, plan())).toEqual(here);
        expect(await all(source, plan(1))).toEqual(here.slice(3));
      } finally {
        await source.close();
      }
    });

    it('can be left in the middle, and asked again', async () => {
      const source = thread(table, augmenter);
      try {
        const [first] = await all(batchesHere(table, augmenter), plan());
        for (let i = 0; i < 2; i++) {
          const batches = source.batches(plan());
          expect((await batches.next()).value).toEqual(first);
          await batches.return();
        }
      } finally {
        await source.close();
      }
    });

    it('tells what went wrong when it is that batch’s turn, and goes on with others', async () => {
      const source = thread(table, augmenter);
      try {
        const [good] = plan();
        if (good === undefined) throw new Error('there is no plan');
        const batches = source.batches([good, { ...good, rows: [99] }, good]);
        expect((await batches.next()).done).toBe(false);
        await expect(batches.next()).rejects.toThrow(
          new ShapeError('the dataset has no row 99'),
        );
        expect((await batches.next()).done).toBe(true);
        expect(await all(source, [good])).toHaveLength(1);
      } finally {
        await source.close();
      }
      const tooFar = thread(table, createAugmenter([shift({ voxels: 2 })]));
      try {
        const failed = all(tooFar, plan());
        await expect(failed).rejects.toThrow(TrainingError);
        await expect(failed).rejects.toThrow(
          /thread that makes batches failed: an image of 4³ cannot be taken/,
        );
      } finally {
        await source.close();
      }
    });

    it('that does not start, or has ended, says so', async () => {
      const missing = batchThread(new URL('./nowhere.js', compiled));
      const source = missing(table, augmenter);
      await expect(source.batches(plan()).next()).rejects.toThrow(
        /thread that makes batches failed: .*nowhere\.js/,
      );
      const ended = thread(table, augmenter);
      await ended.close();
      await expect(ended.batches(plan()).next()).rejects.toThrow(
        'the thread that makes batches was ended',
      );
    });
  },
);
