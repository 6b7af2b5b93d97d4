import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import {
  afterEach,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  it,
} from 'vitest';

import {
  defineGrid,
  GridFileError,
  type LoadedGrid,
  loadGrid,
  withSeed,
} from '../index.js';

describe('a grid', () => {
  it('is every combination of its axes, but for those that are left out', async () => {
    const grid = await load(`
      axes: {
        method: { ours: {}, plain: './plain.json' },
        'data.subset': ['A', 'B'],
        'training.epochs': [1, 2],
      },
      unless: ({ method, data, training }) =>
        method === 'plain' && data.subset === 'B' && training.epochs === 2,
    `);
    expect(grid.experiments.map(({ values }) => Object.values(values))).toEqual(
      [
        ['ours', 'A', '1'],
        ['ours', 'A', '2'],
        ['ours', 'B', '1'],
        ['ours', 'B', '2'],
        ['plain', 'A', '1'],
        ['plain', 'A', '2'],
        ['plain', 'B', '1'],
      ],
    );
    const last = grid.experiments.at(-1)?.experiment;
    expect(last?.data.subset).toBe('B');
    expect(last?.training.epochs).toBe(1);
    expect(last?.losses.map(({ use }) => use)).toEqual(['cross-entropy']);
    expect(grid.experiments[0]?.experiment.losses).toHaveLength(4);
  });

  it('changes fields by their paths, and lists by what they are with all defaults', async () => {
    const { experiments } = await load(`
      axes: {
        change: {
          none: {},
          'no CA': { losses: without('class-attribute') },
          heavy: { losses: [{ use: 'cross-entropy' }, { use: 'image-class' }], 'losses[1].weight': 3 },
          long: { 'training.epochs': 9, training: undefined ?? { epochs: 8 } },
        },
        'training.ema': [0.5],
      },
    `);
    const [none, without, heavy, long] = experiments.map(
      ({ experiment }) => experiment,
    );
    expect(none?.losses.map(({ use }) => use)).toContain('class-attribute');
    expect(without?.losses).toEqual(
      none?.losses.filter(({ use }) => use !== 'class-attribute'),
    );
    expect(heavy?.losses[1]?.weight).toBe(3);
    // In the order in which they are written: the whole field takes the former's place.
    expect(long?.training).toMatchObject({ epochs: 8, ema: 0.5 });
  });

  it('changes what --set changes, before the axes', async () => {
    const { experiments } = await load(
      `axes: { epochs: { four: { 'training.epochs': 4 }, own: {} }, method: { ours: {}, plain: './plain.json' } }`,
      ['training.epochs=5', 'training.ema=0.25'],
    );
    expect(
      experiments.map(({ experiment: { training } }) => [
        training.epochs,
        training.ema,
      ]),
    ).toEqual([
      [4, 0.25],
      [4, 0.25],
      [5, 0.25],
      [5, 0.25],
    ]);
  });

  it('has seeds by number or by name, folds, datasets and what is compared', async () => {
    const grid = await load(`
      axes: { 'data.subset': ['A', 'B'] },
      seeds: 3,
      folds: [0, 2],
      datasets: { lidc: '../dataset' },
      compareWith: { 'data.subset': 'B' },
    `);
    expect(grid).toMatchObject({
      seeds: [1, 2, 3],
      folds: [0, 2],
      datasets: { lidc: join(dirname(folder), 'dataset') },
      compareWith: { 'data.subset': 'B' },
    });
    const one = await load(`axes: { 'data.subset': ['A'] }, seeds: [7, 5]`);
    expect(one.seeds).toEqual([7, 5]);
    const [experiment] = one.experiments;
    if (experiment === undefined) throw new Error('the grid is empty');
    expect(withSeed(experiment, 7).experiment.training.seed).toBe(7);
    const own = await load(`axes: { 'data.subset': ['A'] }`);
    expect(own.seeds).toEqual([11]);
  });

  it('loads plugins of its experiments, and tells them apart by what they are', async () => {
    write(
      'loss.ts',
      `import { defineLoss, z } from '@clip-lung/model';
       export default defineLoss({
         name: 'mine',
         options: z.strictObject({}),
         create: () => ({ name: 'mine', needs: [], compute: ({ logits }) => logits.mean() }),
       });`,
    );
    write(
      'mine.json',
      JSON.stringify({
        ...base,
        plugins: ['./loss.ts'],
        losses: [{ use: 'mine' }],
      }),
    );
    await expect(
      load(`axes: { method: { ours: {}, mine: './mine.json' } }`),
    ).rejects.toThrow(/--allow-plugins/);
    const { experiments } = await load(`
      axes: { method: { ours: {}, mine: { plugins: ['./loss.ts'], losses: [{ use: 'mine' }] } } }
    `);
    expect(experiments[1]?.experiment.losses[0]?.use).toBe('mine');
    expect(experiments[1]?.keep).not.toBeNull();
    expect(experiments[0]?.keep).toBeNull();
  });

  it.each([
    ['axes: {}', 'axes is empty, so nothing varies'],
    [
      `axes: { 'data.subset': [] }`,
      'axes.data.subset has no value, so the grid is empty',
    ],
    ['axes: { method: {} }', 'axes.method has no value'],
    [
      `axes: { a: { x: {} } }, unless: () => true`,
      'unless leaves out all 1 experiments',
    ],
    [`axes: { 'data.subset': ['A', 'A'] }`, 'axes.data.subset has "A" twice'],
    [
      `axes: { 'training.epochs': [1, '1'] }`,
      'axes.training.epochs has "1" twice',
    ],
    [`axes: { a: { x: {} } }, seeds: [1, 1]`, 'seeds has 1 twice'],
    [
      `axes: { a: { x: {} } }, seeds: 0`,
      'seeds: expected a number of seeds, 1 to 10000',
    ],
    [
      `axes: { a: { x: {} } }, seeds: []`,
      'seeds: is an empty list; expected at least one',
    ],
    [
      `axes: { a: { x: {} } }, folds: [0.5]`,
      'folds.0: expected folds, counted from 0',
    ],
    [`axis: {}`, 'axes: expected an object of axes'],
    [
      `axes: { a: { x: {} } }, seed: 1`,
      'Unrecognized key: "seed"; known: base, axes, seeds, folds, datasets, unless, compareWith',
    ],
    [
      `axes: { 'training.seed': [1] }`,
      'seeds are no axis; give them as seeds: 5',
    ],
    [
      `axes: { data: { x: {} }, 'data.subset': ['A'] }`,
      'the axes "data" and "data.subset" change the same field',
    ],
    [
      `axes: { a: [() => 1] }`,
      'a value is () => 1, expected one that an experiment can have',
    ],
    [
      `axes: { a: { x: 3 } }`,
      'axes.a["x"] is 3, expected the file of an experiment, or changes by path',
    ],
    [
      `axes: { method: { x: './plain.json' }, other: { y: './plain.json' } }`,
      'method "x" and other "y" are experiments of their own',
    ],
    [
      `axes: { a: { x: {} } }, unless: () => 1`,
      'unless gives 1 for a "x", expected true or false',
    ],
    [
      `axes: { a: { x: {} } }, unless: ({ b }) => b === 'x'`,
      'unless fails for a "x": there is no axis "b"; known: a',
    ],
    [
      `axes: { 'data.subset': ['A'] }, unless: ({ data }) => data.set === 'A'`,
      'unless fails for data.subset "A": there is no axis "data.set"; known: data.subset',
    ],
    [
      `axes: { a: { x: {} } }, compareWith: { b: 'x' }`,
      'compareWith: there is no axis "b"; known: a',
    ],
    [
      `axes: { a: { x: {} } }, compareWith: { a: 'y' }`,
      'compareWith.a: there is no value "y"; known: x',
    ],
    [
      `axes: { a: { x: {} } }, seeds: 1.5`,
      'seeds: expected a number of seeds, 1 to 10000',
    ],
    [
      `axes: { a: { x: {} } }, seeds: [1.5]`,
      'seeds: expected a number of seeds, 1 to 10000, or a list of seeds, whole',
    ],
    [
      `axes: { a: { x: {} } }, folds: 2`,
      'folds: expected a list of folds, counted from 0',
    ],
    // What would be lost, or taken for something else, without a word.
    [`axes: { a: { x: {}, '': {} } }`, 'axes.a: a value has no name'],
    [
      `axes: { dataset: { x: {} } }`,
      'dataset, seed and fold vary in every grid',
    ],
    [`axes: { ['__proto__']: { x: {} } }`, 'axes: nothing can be called __pro'],
    [
      `axes: { a: { x: {}, ['__proto__']: {} } }`,
      'axes.a: nothing can be called __proto__',
    ],
    [
      `axes: { a: { 20: {}, 10: {} } }`,
      'JavaScript puts names such as "10", "20" first',
    ],
    [
      `axes: { losses: [[]], 'losses[0].weight': [1] }`,
      'the axes "losses" and "losses[0].weight" change the same field',
    ],
    [
      `axes: { a: { x: { 'training.epochs': undefined } } }`,
      'axes.a["x"]: training.epochs is undefined; give it a value, or leave it',
    ],
    [
      `axes: { a: { x: { losses: (list) => { list.slice(1); } } } }`,
      'a "x": losses: the change gives nothing; expected it to return the new',
    ],
    [
      `axes: { a: { x: {}, y: { 'training.seed': 7 } } }`,
      'a "y": training.seed: gives an experiment a seed of its own, 7;',
    ],
    [
      `axes: { training: [{ seed: 7 }] }`,
      'training: gives an experiment a seed of its own, 7;',
    ],
    [`axes: { '..': [1] }`, '..: ".." names no field; expected a path'],
    [
      `axes: { a: { x: './of-grids.ts' } }`,
      /of-grids.ts: is a grid itself; expected an experiment/,
    ],
    // What an experiment does not have is told as for any experiment, with the values of the axes.
    [
      `axes: { 'data.subset': ['A', 'D'] }`,
      'data.subset "D": data.subset: Invalid option: expected one of "A"|"B"|"C"',
    ],
    [
      `axes: { 'training.epoch': [3] }`,
      'training.epoch "3": training: Unrecognized key: "epoch"; known: accumulate',
    ],
    [
      `axes: { methods: ['a'] }`,
      'methods "a": Unrecognized key: "methods"; known: augment, data',
    ],
    [
      `axes: { a: { x: './nothing.ts' } }`,
      /a "x": .*nothing.ts: there is no such file/,
    ],
    [
      `axes: { a: { x: { losses: without('mse') } } }`,
      'a "x": losses: there is no "mse" to leave out; the list has cross-entropy, image-class',
    ],
    [
      `axes: { a: { x: { 'training.epochs': without('mse') } } }`,
      'takes modules out of a list',
    ],
    [
      `axes: { a: { x: { 'data.subset.more': 1 } } }`,
      /a "x": data.subset.more: "more" would be inside "A"/,
    ],
    [
      `axes: { a: { x: {} } }, base: 3`,
      'base: expected an experiment, or the file of one',
    ],
  ])('is refused: %s', async (fields, words) => {
    const refused = load(fields);
    await expect(refused).rejects.toThrow(GridFileError);
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(join(folder, 'grid-'));
  });

  it.each([
    ['data.subset=B', 'the axis "data.subset" of the grid says what'],
    ['training.seed=3', 'the grid says its seeds'],
  ])('refuses --set %s, which it would undo', async (set, words) => {
    const fields = `axes: { 'data.subset': ['A', 'C'] }, seeds: 2`;
    const refused = load(fields, [set]);
    await expect(refused).rejects.toThrow(GridFileError);
    await expect(refused).rejects.toThrow(
      `--set ${set}: changes nothing, as ${words}`,
    );
  });

  it('compares with a variant whose name is a number when it is told which', async () => {
    const { compareWith } = await load(
      `axes: { a: { 20: {}, 10: {} } }, compareWith: { a: 20 }`,
    );
    expect(compareWith).toEqual({ a: '20' });
  });

  it.each([
    ['nothing.ts', undefined, 'there is no such file'],
    ['grid.json', '{}', 'is JSON; expected a TypeScript or JavaScript file'],
    ['broken.ts', 'export default {', 'cannot be loaded'],
    [
      'none.ts',
      'export const grid = 1;',
      'has no grid; expected one as its default export',
    ],
  ])('%s is not one', async (name, text, words) => {
    if (text !== undefined) write(name, text);
    await expect(loadGrid(join(folder, name), { policy })).rejects.toThrow(
      words,
    );
  });
});

describe('what TypeScript knows of a grid', () => {
  it('are its axes and their values, where one is left out', () => {
    defineGrid({
      base: './clip-lung.ts',
      axes: {
        method: { ours: {}, plain: './ce.ts' },
        'data.subset': ['A', 'B'],
        'training.epochs': [1, 2],
      },
      unless: ({ method, data, training }) => {
        expectTypeOf(method).toEqualTypeOf<'ours' | 'plain'>();
        expectTypeOf(data.subset).toEqualTypeOf<'A' | 'B'>();
        expectTypeOf(training.epochs).toEqualTypeOf<1 | 2>();
        // @ts-expect-error: there is no such method
        return method === 'other';
      },
      // @ts-expect-error: there is no such value
      compareWith: { 'data.subset': 'C' },
    });
  });
});

const policy = {
  allow: false,
  trusted: [],
  onAllowed: () => undefined,
  onNote: () => undefined,
};

const base = {
  data: { subset: 'A' },
  text: { use: 'random' },
  training: { epochs: 2, seed: 11 },
};

let folder = '';
let loads = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'grid-'));
  write('base.json', JSON.stringify(base));
  write('of-grids.ts', `export default { base: {}, axes: { a: { x: {} } } };`);
  write('plain.json', JSON.stringify({ losses: [{ use: 'cross-entropy' }] }));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** @param fields of the grid, beside its base */
function load(
  fields: string,
  overrides: readonly string[] = [],
): Promise<LoadedGrid> {
  // What was loaded once is not read again.
  const name = `grid-${loads++}.ts`;
  write(
    name,
    `import { defineGrid, without } from '@clip-lung/experiment';
     export default { base: './base.json', ${fields} };`,
  );
  return loadGrid(join(folder, name), { overrides, policy });
}
