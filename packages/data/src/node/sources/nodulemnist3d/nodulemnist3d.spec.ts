import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { huWindow } from '@clip-lung/lidc';
import { decodeNpy, encodeNpy, NdArray } from '@clip-lung/tensor';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import {
  fixture,
  folderOf,
  temporaryFolder,
} from '../../../../test/synthetic.js';
import { resampleCube } from '../../../crop/resample.js';
import { splitFold } from '../../../dataset/split.js';
import { InputError, OptionError } from '../../../errors.js';
import { attributeWeights } from '../../../dataset/attribute-weights.js';
import { noduleMnist3dSource } from './nodulemnist3d.js';
import { readDataset } from '../../dataset/read-dataset.js';

const prepare = (input: string, out: string) =>
  noduleMnist3dSource.prepare({ input, out, options: {} });

const counts = { train: 6, val: 3, test: 4 } as const;

function arraysOf(side: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [key, count] of Object.entries(counts)) {
    const images = Uint8Array.from(
      { length: count * side ** 3 },
      (_, i) => (Math.floor(i / side ** 3) * 20 + (i % side)) % 256,
    );
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
    files[`${key}_images.npy`] = encodeNpy(
      new NdArray('uint8', [count, side, side, side], images),
    );
    files[`${key}_labels.npy`] = encodeNpy(
      new NdArray('uint8', [count, 1], labels),
    );
  }
  return files;
}

async function prepared(files: Record<string, Uint8Array>) {
  const folder = await folderOf({ 'nodulemnist3d.npz': zipSync(files) });
  const out = join(await temporaryFolder(), 'dataset');
  const file = join(folder, 'nodulemnist3d.npz');
  return { out, manifest: await prepare(file, out) };
}

describe('the source nodulemnist3d', () => {
  it.each([28, 64])(
    'reads cubes of %d³, two classes and the split',
    async (side) => {
      const { out, manifest } = await prepared(arraysOf(side));
      expect(manifest).toMatchObject({
        collection: 'nodulemnist3d',
        source: { name: 'nodulemnist3d' },
        classes: { names: ['benign', 'malignant'], ordered: true },
        attributes: [],
        split: { kind: 'own' },
      });
      expect(manifest.counts.labels).toEqual({ benign: 7, malignant: 6 });
      expect((await readdir(out)).sort()).toEqual([
        ...['crops.npy', 'folds.csv', 'manifest.json', 'nodules.csv'],
      ]);
      const [header] = (await readFile(join(out, 'nodules.csv'), 'utf8')).split(
        '\n',
      );
      expect(header).toBe('id,patient,label');
      const dataset = await readDataset(out);
      expect(dataset.crops.shape).toEqual([13, 32, 32, 32]);
      for (const subset of ['A', 'C'] as const) {
        expect(splitFold(dataset, { subset, fold: 0, seed: 1 })).toEqual({
          classes: ['benign', 'malignant'],
          train: [0, 1, 2, 3, 4, 5],
          validation: [6, 7, 8],
          test: [9, 10, 11, 12],
        });
      }
      // Training sees byte / 255; HU are whole numbers, 1,400 of them to the window.
      const seen = huWindow(dataset.crops.data.subarray(32 ** 3, 2 * 32 ** 3));
      const middle = seen[(16 * 32 + 16) * 32 + 16] ?? 0;
      const expected = 20 + ((16.5 * side) / 32 - 0.5);
      expect(Math.abs(middle - expected / 255)).toBeLessThan(0.51 / 1400);
    },
  );

  it('has nodules without ratings, and refuses what needs them or other folds', async () => {
    const { out } = await prepared(arraysOf(28));
    const dataset = await readDataset(out);
    const [nodule] = dataset.nodules;
    expect(nodule).toMatchObject({
      ratings: null,
      malignancy: null,
      malignancyRatings: [],
    });
    expect(nodule && attributeWeights(nodule)).toEqual(Array(8).fill(NaN));
    for (const options of [
      { subset: 'B', fold: 0 },
      { subset: 'A', fold: 1 },
    ] as const) {
      expect(() => splitFold(dataset, { ...options, seed: 1 })).toThrow(
        OptionError,
      );
    }
    expect(() => splitFold(dataset, { subset: 'B', fold: 0, seed: 1 })).toThrow(
      /^data\.subset is "B", which chooses among benign, unsure, malignant, and the dataset's classes are benign, malignant; use subset A/,
    );
  });

  it('resamples as scipy does', async () => {
    const cube = decodeNpy(await fixture('cube.npy'), 'cube.npy');
    const expected = decodeNpy(await fixture('resampled.npy'), 'resampled.npy');
    const found = resampleCube(Uint8Array.from(cube.data, Number), 28, 32);
    expect(found).toHaveLength(expected.data.length);
    const differences = found.map((value, i) =>
      Math.abs(value - Number(expected.data[i])),
    );
    // Both hold float32 of values up to 255.
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it.each([
    ['an array less', 'val_labels.npy', undefined, /has no array "val_labels"/],
    [
      'a label too high',
      'val_labels.npy',
      new NdArray('uint8', [3, 1], Uint8Array.of(0, 2, 0)),
      /"val_labels" has 2 at 1, expected 0 \(benign\) or 1/,
    ],
    [
      'too few labels',
      'val_labels.npy',
      new NdArray('uint8', [2, 1], Uint8Array.of(0, 1)),
      /holds 2 labels for 3 images/,
    ],
    [
      'other images',
      'val_images.npy',
      new NdArray('uint8', [3, 4, 4, 3], new Uint8Array(144)),
      /holds uint8 \[3, 4, 4, 3\], expected uint8 \[any, 28 or 64/,
    ],
  ])(
    'refuses %s, and leaves nothing behind',
    async (_, name, array, message) => {
      const files = arraysOf(28);
      if (array) files[name] = encodeNpy(array);
      else Reflect.deleteProperty(files, name);
      const folder = await folderOf({ 'a.npz': zipSync(files) });
      const parent = await temporaryFolder();
      const failing = prepare(join(folder, 'a.npz'), join(parent, 'out'));
      await expect(failing).rejects.toThrow(InputError);
      await expect(failing).rejects.toThrow(message);
      expect(await readdir(parent)).toEqual([]);
    },
  );

  it('refuses a file that is cut short, or no zip', async () => {
    const whole = zipSync(arraysOf(28));
    for (const length of [0, 10, 1000, whole.length - 1]) {
      const folder = await folderOf({ 'a.npz': whole.subarray(0, length) });
      const out = join(folder, 'out');
      await expect(prepare(join(folder, 'a.npz'), out)).rejects.toThrow(
        InputError,
      );
    }
  });
});
