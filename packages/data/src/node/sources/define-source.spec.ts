import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { temporaryFolder } from '../../../test/synthetic.js';
import { OptionError, SourceError } from '../../errors.js';
import { readDataset } from '../dataset/read-dataset.js';
import { defineSource } from './define-source.js';
import type { OpenSource, SourceNodule } from './open-source.js';
import { optionsOf, parseOptions } from './source-options.js';

describe('a source of one’s own', () => {
  it('makes a dataset that says what it is of', async () => {
    const out = join(await temporaryFolder(), 'dataset');
    const options = parseOptions(own(), { count: '4', kinds: 'round, long' });
    await own().prepare({ input: 'made up', out, options });
    const { manifest, nodules } = await readDataset(out);
    expect(manifest).toMatchObject({
      collection: 'other',
      source: { name: 'own', of: 'made-up', options: { count: 4 } },
      classes: { names: ['round', 'long'], ordered: false },
      split: { kind: 'made', folds: 2 },
    });
    expect(nodules.map(({ label }) => label)).toEqual([
      ...['round', 'long', 'round', 'long'],
    ]);
  });

  it('has options on a command line, by its schema', () => {
    expect(optionsOf(own())).toMatchObject([
      { flag: '--count', argument: '<n>', default: '6', isNeeded: false },
      { flag: '--kinds', argument: '<kinds>', isNeeded: true },
    ]);
    expect(() => parseOptions(own(), { count: 'many', kinds: 'a,b' })).toThrow(
      OptionError,
    );
    expect(() => parseOptions(own(), { count: '0', kinds: 'a,b' })).toThrow(
      /^--count 0: /,
    );
    expect(() => parseOptions(own(), { count: '1' })).toThrow(
      /^--kinds is needed: what there is$/,
    );
  });

  it.each([
    ['is of another class', { label: 'flat' }, /nodule n1 is "flat", expected/],
    [
      'has another size',
      { hu: new Int16Array(8) },
      /n1 has a crop of 8 voxels/,
    ],
    ['has no patient', { patient: '' }, /n1 has no patient/],
    ['is there already', { id: 'n0' }, /has two nodules n0/],
    ['has no id', { id: '' }, /made up: a nodule has no id/],
    [
      'has an id that is a number',
      { id: 7 as unknown as string },
      /a nodule has the id 7, expected a text/,
    ],
    [
      'has floats for a crop',
      { hu: new Float32Array(32 ** 3) as unknown as Int16Array },
      /n1 has a crop that is not an Int16Array, expected whole HU/,
    ],
  ])('leaves nothing behind where a nodule %s', async (_, change, message) => {
    const parent = await temporaryFolder();
    const options = { count: 3, kinds: ['round', 'long'] };
    const making = own(change).prepare({
      input: 'made up',
      out: join(parent, 'out'),
      options,
    });
    await expect(making).rejects.toThrow(message);
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('what a source says of itself', () => {
  it.each<readonly [string, object, RegExp]>([
    ['no classes', { classes: undefined }, /classes: Invalid input/],
    [
      'one class',
      { classes: { names: ['a'], ordered: false } },
      /classes\.names: /,
    ],
    [
      'no nodules',
      { nodules: undefined },
      /nodules: expected a list, or what a generator gives/,
    ],
    [
      'an odd size',
      { crop: { size: 33, scale: null, outside: null } },
      /crop\.size: expected an even number/,
    ],
    [
      'a small size',
      { crop: { size: 30, scale: null, outside: null } },
      /crop\.size: expected at least 32/,
    ],
    [
      'an attribute of every nodule',
      { attributes: ['patient'] },
      /attributes: has "patient", which every nodule has/,
    ],
    ['another collection', { collection: 'mine' }, /collection: /],
  ])('is refused by its field with %s', async (_, says, message) => {
    const parent = await temporaryFolder();
    const making = prepareIn(parent, own({}, says));
    await expect(making).rejects.toThrow(SourceError);
    await expect(making).rejects.toThrow(message);
    await expect(making).rejects.toThrow(
      /^the source "made-up": what open\(\) gives: /,
    );
    expect(await readdir(parent)).toEqual([]);
  });

  it.each<readonly [string, object, Partial<SourceNodule>, RegExp]>([
    [
      'nothing',
      { nodules: [] },
      {},
      /made up: the source found no nodules in it/,
    ],
    [
      'more folds than patients',
      { split: { kind: 'made', folds: 4, seed: 1 } },
      {},
      /folds is 4, and there are 3 patients/,
    ],
    [
      'no fold',
      { split: { kind: 'given', folds: 2 } },
      {},
      /nodule n0 has no fold/,
    ],
    [
      'a fold too many',
      { split: { kind: 'given', folds: 2 }, nodules: [nodule({ fold: 2 })] },
      {},
      /nodule n0 is in fold 2, expected a whole number from 0 to 1/,
    ],
    ['no part', { split: { kind: 'own' } }, {}, /nodule n0 has no part/],
    [
      'no rating',
      { attributes: ['edge'] },
      {},
      /nodule n0 has no rating of "edge"/,
    ],
    [
      'no number',
      { columns: ['age'] },
      {},
      /nodule n0 has no number for "age"/,
    ],
  ])('and then yields %s, is refused', async (_, says, change, message) => {
    const parent = await temporaryFolder();
    await expect(prepareIn(parent, own(change, says))).rejects.toThrow(message);
    expect(await readdir(parent)).toEqual([]);
  });

  it('is told of crops that can hardly be of HU, once', async () => {
    const hu = new Int16Array(32 ** 3).fill(1);
    const nodules = [0, 1, 2].map((i) =>
      nodule({ id: `n${i}`, patient: `p${i}`, ...(i > 0 && { hu }) }),
    );
    const { warnings } = await prepareIn(
      await temporaryFolder(),
      own({}, { nodules }),
    );
    expect(warnings).toMatchObject(
      [
        {
          code: 'not-hounsfield',
          message:
            /^2 crops can hardly be of HU.*: that of n1 holds values from 1 to 1/,
        },
      ].map((one) => ({
        ...one,
        message: expect.stringMatching(one.message) as string,
      })),
    );
  });
});

function prepareIn(parent: string, source: ReturnType<typeof own>) {
  const options = { count: 3, kinds: ['round', 'long'] };
  return source.prepare({
    input: 'made up',
    out: join(parent, 'out'),
    options,
  });
}

function nodule(change: Partial<SourceNodule>): SourceNodule {
  return {
    ...{ id: 'n0', patient: 'p0', label: 'round' },
    hu: Int16Array.from({ length: 32 ** 3 }, (_, v) => (v % 900) - 1000),
    ...change,
  };
}

/** Nodules that are made up, the second of them changed, and what the source says of them. */
function own(
  change: Partial<SourceNodule> = {},
  says: Partial<Readonly<Record<keyof OpenSource, unknown>>> = {},
) {
  return defineSource({
    name: 'made-up',
    reads: 'nothing',
    options: z.strictObject({
      count: z.int().min(1).default(6).meta({ argument: 'n' }),
      kinds: z.array(z.string()).min(2).describe('what there is'),
    }),
    open: (_, options): OpenSource =>
      ({
        classes: { names: options.kinds, ordered: false },
        split: { kind: 'made', folds: 2, seed: 1 },
        crop: { size: 32, scale: null, outside: null },
        total: options.count,
        nodules: Array.from({ length: options.count }, (_, i) => ({
          id: `n${i}`,
          patient: `p${i}`,
          label: options.kinds[i % options.kinds.length] ?? '',
          hu: Int16Array.from({ length: 32 ** 3 }, (_, v) => (v % 900) - 1000),
          ...(i === 1 ? change : {}),
        })),
        ...says,
      }) as OpenSource,
  });
}
