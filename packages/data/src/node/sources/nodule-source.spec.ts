import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { temporaryFolder } from '../../../test/synthetic.js';
import { OptionError } from '../../errors.js';
import { readDataset } from '../dataset/read-dataset.js';
import { type SourceNodule, sourceOf } from './nodule-source.js';
import { optionsOf, parseOptions } from './source-options.js';

describe('a source of one’s own', () => {
  it('makes a dataset that says what it is of', async () => {
    const out = join(await temporaryFolder(), 'dataset');
    const options = parseOptions(own(), { count: '4', kinds: 'round, long' });
    await own().prepare({ input: 'made up', out, options });
    const { manifest, nodules } = await readDataset(out);
    expect(manifest).toMatchObject({
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
      { flag: '--count', argument: '<n>', default: '6' },
      { flag: '--kinds', argument: '<kinds>', default: undefined },
    ]);
    expect(() => parseOptions(own(), { count: 'many', kinds: 'a,b' })).toThrow(
      OptionError,
    );
    expect(() => parseOptions(own(), { count: '0', kinds: 'a,b' })).toThrow(
      /^--count 0: /,
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

/** Nodules that are made up, the second of them changed. */
function own(change: Partial<SourceNodule> = {}) {
  return sourceOf({
    name: 'made-up',
    reads: 'nothing',
    options: z.strictObject({
      count: z.int().min(1).default(6).meta({ argument: 'n' }),
      kinds: z.array(z.string()).min(2),
    }),
    open: (_, options) =>
      Promise.resolve({
        source: { name: 'own', of: 'made-up', options },
        collection: 'other',
        classes: { names: options.kinds, ordered: false },
        split: { kind: 'made', folds: 2, seed: 1 },
        crop: { size: 32, scale: null, outside: null },
        total: options.count,
        nodules: Array.from({ length: options.count }, (_, i) => ({
          id: `n${i}`,
          patient: `p${i}`,
          label: options.kinds[i % options.kinds.length] ?? '',
          hu: new Int16Array(32 ** 3).fill(-1000),
          ...(i === 1 ? change : {}),
        })),
      }),
  });
}
