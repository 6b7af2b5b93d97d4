import { createHash } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readDataset } from '@clip-lung/data/node';
import { encodeNpy, NdArray } from '@clip-lung/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

const example = fileURLToPath(
  new URL('../../../examples/source/numpy-volumes.ts', import.meta.url),
);

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-source-'));
  await writeVolumes(at('volumes'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the example of a source', () => {
  it('makes a dataset of volumes, whose crops are what the volumes are there, and on which one can train', async () => {
    const outcome = await clipLung(
      ...['prepare', at('volumes'), '--from', example, '--out', at('dataset')],
      ...['--least', '4', '--folds', '2'],
    );
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.out).toMatch(
      /16 nodules of 8 patients: 8 cyst, 8 tumour\nfrom numpy-volumes \(other\), 2 folds; no ratings of attributes/,
    );
    const { manifest, nodules, crops } = await readDataset(at('dataset'));
    const sha256 = createHash('sha256').update(await readFile(example));
    expect(manifest).toMatchObject({
      source: {
        ...{ name: 'own', of: 'numpy-volumes' },
        options: { least: 4, folds: 2 },
        code: {
          file: 'numpy-volumes.ts',
          files: { 'numpy-volumes.ts': sha256.digest('hex') },
          packages: {},
        },
      },
      classes: { names: ['cyst', 'tumour'], ordered: false },
      counts: { warnings: {} },
    });
    expect(nodules[1]).toMatchObject({
      id: 'v0-2',
      patient: 'p0',
      label: 'tumour',
      columns: { diameter: 5 },
    });
    // Of the first nodule: 32 samples in the middles of equal parts of 8 mm, in a volume whose HU follow from the place.
    const crop = crops.data.subarray(0, 32 ** 3);
    const mm = (centre: number, i: number) =>
      centre + ((i + 0.5) / 32 - 0.5) * 8;
    for (const [z, y, x] of [
      [0, 0, 0],
      [31, 4, 18],
      [9, 31, 3],
      [14, 22, 31],
    ] as const) {
      const hu = huAt({ z: mm(20, z), y: mm(18, y), x: mm(16, x) });
      const found = crop[(z * 32 + y) * 32 + x] ?? NaN;
      expect(Math.abs(found - hu)).toBeLessThan(0.501); // whole HU
    }
    await writeFile(
      at('experiment.json'),
      JSON.stringify({
        ...smallExperiment,
        ...{ data: { folds: 2 }, prompt: { use: 'coop' } },
        losses: [{ use: 'cross-entropy' }],
        training: { epochs: 1, batchSize: 4 },
      }),
    );
    const trained = await clipLung(
      ...['train', at('experiment.json'), '--data', at('dataset')],
      ...['--out', at('run'), '--fold', '0'],
    );
    expect(trained).toMatchObject({ code: 0 });
  }, 60_000);

  it('shows its options, and those of no other, as help', async () => {
    const { code, out } = await clipLung(
      'prepare',
      `--from=${example}`,
      '--help',
    );
    expect(code).toBe(0);
    const text = out.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'numpy-volumes: a folder with volumes.csv, nodules.csv',
    );
    expect(text).toContain(
      '--least <mm> leave out nodules of a smaller diameter [numpy-volumes, default 3]',
    );
    expect(text).not.toContain('--min-readers');
  });

  it.each<readonly [string, string, RegExp]>([
    ['volumes.csv', '', /volumes\.csv: is empty/],
    [
      'nodules.csv',
      'volume,z,y,x,diameter,class\nv9,1,1,1,5,cyst\nv1,1,1,1,5,tumour\n',
      /nodules\.csv:2: volumes\.csv has no volume v9/,
    ],
    [
      'nodules.csv',
      'volume,z,y,x,diameter,class\nv0,1,1,a,5,cyst\nv1,1,1,1,5,tumour\n',
      /nodules\.csv:2: "x" is "a", expected -10000 to 10000 \(in mm\)/,
    ],
    [
      'nodules.csv',
      'volume,z,y,x,diameter,class\nv0,1,1,1,5,cyst\n',
      /numpy-volumes\.ts: the source "numpy-volumes": .*classes\.names: expected two classes or more/,
    ],
  ])('refuses a wrong %s (%#)', async (name, text, message) => {
    const file = at('volumes', name);
    const before = await readFile(file);
    await writeFile(file, text);
    try {
      const { code, err } = await prepareFrom(example);
      expect(err).toMatch(message);
      expect(code).toBe(1);
    } finally {
      await writeFile(file, before);
    }
  });
});

describe('prepare --from a file', () => {
  const head = `import { InputError } from '@clip-lung/data';
    import { defineSource, z } from '@clip-lung/data/node';`;
  const sourceThat = (opened: string, options = '') =>
    `${head} export default defineSource({ name: 'mine', reads: 'nothing', options: z.strictObject({ ${options} }),
      open: () => { ${opened} } });`;
  const opened = (nodules: string, classes = `['a', 'b']`) =>
    sourceThat(`return { classes: { names: ${classes}, ordered: false }, split: { kind: 'made', folds: 2, seed: 1 },
      crop: { size: 32, scale: null, outside: null }, total: 2, nodules: ${nodules} };`);

  it('runs the file once', async () => {
    const file = at('counted.ts');
    const count = at('count.txt');
    await writeFile(
      file,
      `import { appendFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(count)}, 'loaded;');
      ${sourceThat('throw new InputError("enough");')}`,
    );
    await clipLung('prepare', at('volumes'), '--from', file, '--out', at('o'));
    expect(await readFile(count, 'utf8')).toBe('loaded;');
  });

  it.each<readonly [string, string, number, RegExp]>([
    [
      'exports nothing',
      'export const a = 1;',
      2,
      /mine\d+\.ts: has no default export; expected a source/,
    ],
    [
      'is no TypeScript',
      'export default {',
      2,
      /mine\d+\.ts: cannot be loaded: /,
    ],
    [
      'throws when it is loaded',
      'throw new Error("no licence");',
      2,
      /mine\d+\.ts: cannot be loaded: no licence/,
    ],
    [
      'imports what is not there',
      `import './gone.ts'; ${sourceThat('')}`,
      2,
      /mine\d+\.ts: cannot be loaded: Cannot find module '\.\/gone\.ts'/,
    ],
    [
      'is a plugin of experiments',
      `import { defineLoss, z } from '@clip-lung/model';
      export default defineLoss({ name: 'a', options: z.strictObject({}), create: () => ({}) });`,
      2,
      /mine\d+\.ts: exports a module of the kind loss/,
    ],
    [
      'has options that are no schema',
      `export default { name: 'mine', reads: 'a', options: { a: 1 }, prepare() {} };`,
      2,
      /mine\d+\.ts: options: is an object, expected a schema/,
    ],
    [
      'opens nothing',
      sourceThat('return undefined;'),
      1,
      /mine\d+\.ts: the source "mine": what open\(\) gives: /,
    ],
    [
      'throws',
      sourceThat('throw new RangeError("no such scan");'),
      1,
      /mine\d+\.ts: the source failed: RangeError: no such scan \(--verbose shows where\)/,
    ],
    [
      'throws without a word',
      sourceThat('throw 7;'),
      1,
      /mine\d+\.ts: the source failed: 7 \(/,
    ],
    [
      'refuses its input',
      sourceThat(`throw new InputError('a/b.csv:3: is wrong');`),
      1,
      /^error: a\/b\.csv:3: is wrong$/m,
    ],
    [
      'throws among its nodules',
      opened('(function* () { throw new Error("gone"); })()'),
      1,
      /mine\d+\.ts: the source failed: gone/,
    ],
    [
      'has no nodules',
      opened('[]'),
      1,
      /volumes: the source found no nodules in it/,
    ],
    [
      'has a nodule of a class that it did not announce',
      opened(
        `[{ id: 'n', patient: 'p', label: 'c', hu: new Int16Array(32 ** 3) }]`,
      ),
      1,
      /nodule n is "c", expected one of a, b/,
    ],
    [
      'has a crop of another shape',
      opened(
        `[{ id: 'n', patient: 'p', label: 'a', hu: new Int16Array(31 ** 3) }]`,
      ),
      1,
      /nodule n has a crop of 29791 voxels, expected 32³/,
    ],
    [
      'has a nodule that is nothing',
      opened('[undefined]'),
      1,
      /mine\d+\.ts: the source failed: TypeError/,
    ],
  ])(
    'that %s is refused, and leaves nothing behind',
    async (_, text, wanted, message) => {
      const file = await written(text);
      const before = await readdir(folder);
      const { code, err } = await prepareFrom(file);
      expect(err).toMatch(message);
      expect(code).toBe(wanted);
      expect(await readdir(folder)).toEqual(before);
    },
  );

  it.each<readonly [readonly string[], RegExp]>([
    [
      ['--from', './gone.ts'],
      /\.\/gone\.ts: there is no such file; expected a source of your own/,
    ],
    [['--from', tmpdir()], /: is not a file; expected a source of your own/],
    [
      ['--from', 'crop'],
      /There is no such source\. Expected one of lidc, lidc-idri, nodulemnist3d, crops; or a file/,
    ],
    [['--from'], /option '--from <source>' argument missing/],
    [
      ['--from', example, '--leest', '3'],
      /unknown option '--leest'\n\(Did you mean --least\?\)/,
    ],
    [
      ['--from', example, '--min-readers', '3'],
      /unknown option '--min-readers'/,
    ],
    [['--from', example, '--least', 'many'], /--least many: /],
  ])('with %j is wrong use', async (args, message) => {
    const { code, err } = await clipLung(
      'prepare',
      at('volumes'),
      '--out',
      at('never'),
      ...args,
    );
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('gives what it needs by its options', async () => {
    const file = await written(
      sourceThat('', `site: z.string().describe('which clinic')`),
    );
    const { code, err } = await prepareFrom(file);
    expect(err).toMatch(/--site is needed: which clinic/);
    expect(code).toBe(2);
  });

  it('runs no file for a name that is built in, nor for another command', async () => {
    await mkdir(at('here'));
    const file = await written('throw new Error("was run");');
    for (const args of [
      [
        'prepare',
        at('volumes'),
        '--from',
        file,
        '--from',
        'crops',
        '--out',
        at('never'),
      ],
      [
        'train',
        at('gone.json'),
        '--from',
        file,
        '--data',
        at('here'),
        '--out',
        at('never'),
      ],
    ]) {
      const { err } = await clipLung(...args);
      expect(err).toMatch(/^error: /);
      expect(err).not.toContain('was run');
    }
  });
});

let files = 0;

/** A file that no other test has, since a program imports a file once. */
async function written(text: string): Promise<string> {
  const file = at(`mine${files++}.ts`);
  await writeFile(file, text);
  return file;
}

function prepareFrom(file: string) {
  return clipLung('prepare', at('volumes'), '--from', file, '--out', at('out'));
}

/** HU at a place in mm from the middle of the first voxel. */
function huAt({ z, y, x }: Readonly<Record<'z' | 'y' | 'x', number>>): number {
  return 9 * z + 4 * y + 2 * x - 900;
}

/** Eight volumes of 2.5 × 0.8 × 0.7 mm, with two nodules each that are kept, and one that is small. */
async function writeVolumes(own: string): Promise<void> {
  const [slices, rows, columns] = [20, 50, 52];
  const hu = Float32Array.from({ length: slices * rows * columns }, (_, i) =>
    huAt({
      z: 2.5 * Math.floor(i / (rows * columns)),
      y: 0.8 * (Math.floor(i / columns) % rows),
      x: 0.7 * (i % columns),
    }),
  );
  const voxels = encodeNpy(new NdArray('float32', [slices, rows, columns], hu));
  await mkdir(join(own, 'volumes'), { recursive: true });
  const names = Array.from({ length: 8 }, (_, i) => `v${i}`);
  for (const name of names) {
    await writeFile(join(own, 'volumes', `${name}.npy`), voxels);
  }
  await writeFile(
    join(own, 'volumes.csv'),
    [
      'volume,patient,dz,dy,dx',
      ...names.map((name, i) => `${name},p${i},2.5,0.8,0.7`),
    ].join('\n'),
  );
  await writeFile(
    join(own, 'nodules.csv'),
    [
      'volume,z,y,x,diameter,class',
      ...names.flatMap((name) => [
        `${name},20,18,16,4,cyst`,
        `${name},24,20,18,3,cyst`,
        `${name},26,22,20,5,tumour`,
      ]),
    ].join('\n'),
  );
}
