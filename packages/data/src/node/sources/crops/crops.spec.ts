import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeNpy, NdArray } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { folderOf, temporaryFolder } from '../../../../test/synthetic.js';
import { fieldValues } from '../../../dataset/nodule-fields.js';
import { splitFold } from '../../../dataset/split.js';
import { datasetDigest } from '../../dataset/dataset-digest.js';
import { readDataset } from '../../dataset/read-dataset.js';
import type { CropOptions } from './crop-options.js';
import { cropsSource } from './crops.js';
import { exportCrops } from './export-crops.js';

describe('the source crops', () => {
  it('reads classes, attributes and columns of any names', async () => {
    const { manifest, dataset } = await prepared(sound(), {
      attributes: ['edge', 'glow'],
      folds: 2,
    });
    expect(manifest).toMatchObject({
      collection: 'other',
      source: { name: 'crops', force: false },
      classes: { names: ['cyst', 'granuloma', 'tumour'], ordered: false },
      attributes: ['edge', 'glow'],
      columns: ['age'],
      split: { kind: 'made', folds: 2, seed: 1 },
      counts: {
        nodules: 6,
        labels: { cyst: 2, granuloma: 2, tumour: 2 },
        patients: 6,
        warnings: { 'column-left-out': 1 },
      },
    });
    expect(dataset.nodules[1]).toMatchObject({
      id: 'n1',
      patient: 'p1',
      label: 'granuloma',
      ratings: { edge: 1.5, glow: -1 },
      columns: { age: 41 },
    });
    expect([...dataset.crops.data.subarray(32 ** 3, 32 ** 3 + 3)]).toEqual([
      -999, -998, -997,
    ]);
    const ages = fieldValues(
      dataset,
      { column: 'age' },
      { classes: ['cyst', 'tumour'] },
    );
    expect([...ages.values]).toEqual([40, NaN, 42, 43, NaN, 45]);
    expect(() =>
      fieldValues(dataset, 'votes', { classes: ['cyst', 'tumour'] }),
    ).toThrow(/has no readers’ votes for nodule n0/);
  });

  it('has the tables and columns that the source has, and no others', async () => {
    const { out } = await prepared(sound());
    const lines = async (name: string) =>
      (await readFile(join(out, name), 'utf8')).trim().split('\n');
    expect((await readdir(out)).sort()).toEqual([
      ...['columns.csv', 'crops.npy', 'folds.csv', 'manifest.json'],
      'nodules.csv',
    ]);
    expect((await lines('nodules.csv'))[0]).toBe('id,patient,label');
    expect((await lines('columns.csv')).slice(0, 2)).toEqual([
      'id,edge,glow,age',
      'n0,0.5,0,40',
    ]);
    expect((await lines('folds.csv'))[0]).toBe('id,patient,fold');
  });

  it('takes a .npy for each nodule, of int16, float32 or float64, with a margin', async () => {
    const types = ['int16', 'float32', 'float64'] as const;
    const files = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => {
        const values = Array.from({ length: 36 ** 3 }, (_, v) =>
          i === 0 || i === 3 ? (v % 900) - 900 : (v % 900) - 900.4,
        );
        const array = arrayOf(types[i % 3] ?? 'int16', [36, 36, 36], values);
        return [`n${i}.npy`, encodeNpy(array)];
      }),
    );
    const { manifest, dataset } = await prepared(
      { ...files, 'nodules.csv': table() },
      {},
      true,
    );
    expect(manifest.crop).toEqual({ size: 36, scale: null, outside: null });
    expect(dataset.crops.shape).toEqual([6, 36, 36, 36]);
    // Whole HU, rounded.
    expect([...dataset.crops.data.subarray(36 ** 3, 36 ** 3 + 2)]).toEqual([
      -900, -899,
    ]);
  });

  it('keeps folds, or the sides of a split, that the table gives', async () => {
    const withFolds = table((i) => ({ fold: i % 3 }));
    const folds = await prepared({ ...sound(), 'nodules.csv': withFolds });
    expect(folds.manifest.split).toEqual({ kind: 'given', folds: 3 });
    expect(folds.dataset.nodules.map(({ fold }) => fold)).toEqual([
      0, 1, 2, 0, 1, 2,
    ]);
    const sides = ['train', 'train', 'train', 'validation', 'test', 'test'];
    const withParts = table((i) => ({ part: sides[i] ?? '' }));
    const { dataset } = await prepared({
      ...sound(),
      'nodules.csv': withParts,
    });
    expect(splitFold(dataset, { subset: 'A', fold: 0, seed: 1 })).toEqual({
      classes: ['cyst', 'granuloma', 'tumour'],
      train: [0, 1, 2],
      validation: [3],
      test: [4, 5],
    });
  });

  it('goes by crops.json, and by what is said besides', async () => {
    const files = {
      ...sound(),
      'crops.json':
        '{"classes": ["cyst", "granuloma", "tumour"], "ordered": true, "attributes": ["glow", "edge"], "collection": "phantom", "folds": 3}',
    };
    const { manifest } = await prepared(files, { folds: 2 });
    expect(manifest).toMatchObject({
      collection: 'phantom',
      classes: { ordered: true },
      attributes: ['glow', 'edge'],
      split: { folds: 2 },
    });
  });

  it('refuses sub-datasets that choose among other classes, by name', async () => {
    const { dataset } = await prepared(sound());
    for (const subset of ['B', 'C'] as const) {
      expect(() => splitFold(dataset, { subset, fold: 0, seed: 1 })).toThrow(
        /^data\.subset is "[BC]", which chooses among benign, .* classes are cyst, granuloma, tumour; use subset A/,
      );
    }
  });

  it('exports a dataset, and makes the same of that', async () => {
    const { dataset } = await prepared(sound(), { attributes: ['glow'] });
    const folder = join(await temporaryFolder(), 'crops');
    await exportCrops(dataset, folder);
    const again = await prepareFrom(folder);
    expect(again.dataset.nodules).toEqual(dataset.nodules);
    expect(again.dataset.crops).toEqual(dataset.crops);
    expect(datasetDigest(again.dataset)).toBe(datasetDigest(dataset));
    await expect(exportCrops(dataset, folder)).rejects.toThrow(/is not empty/);
  });

  it.each<readonly [string, (text: string) => string]>([
    [
      'line ends of Windows and a byte-order mark',
      (text) => `\ufeff${text.replaceAll('\n', '\r\n')}`,
    ],
    [
      'quotes around every value',
      (text) => text.replaceAll(/[^,\n]+/g, '"$&"'),
    ],
    ['empty lines at its end', (text) => `${text}\n\n`],
  ])('reads a table with %s as the one without', async (_, change) => {
    const { dataset } = await prepared(sound());
    const other = await prepared(changedTable(change));
    expect(other.dataset.nodules).toEqual(dataset.nodules);
  });

  it('leaves out the index of pandas, and says so', async () => {
    const indexed = changedTable((text) =>
      text
        .split('\n')
        .map((line, i) => `${i === 0 ? '' : i - 1},${line}`)
        .join('\n'),
    );
    const { manifest, dataset } = await prepared(indexed);
    expect(dataset.nodules).toEqual((await prepared(sound())).dataset.nodules);
    expect(manifest.warnings.map(({ message }) => message)).toContain(
      'columns without a name, such as an index of pandas, are left out',
    );
  });

  it('takes classes in any script, numbers by their value, and two that differ in capitals where it is told to', async () => {
    const named = async (names: readonly string[], classes?: string[]) => {
      const files = changedTable((text) =>
        labels.reduce(
          (now, label, i) => now.replaceAll(label, names[i] ?? ''),
          text,
        ),
      );
      return (await prepared(files, { ...(classes && { classes }) })).manifest
        .classes.names;
    };
    expect(await named(['良性', 'ядро', 'é'])).toEqual(['é', 'ядро', '良性']);
    expect(await named(['10', '9', '0'])).toEqual(['0', '9', '10']);
    const two = ['b', 'B', 'a'];
    expect(await named(two, two)).toEqual(two);
  });

  it.each<readonly [string, Files, CropOptions, RegExp]>([
    [
      'a class that is not one',
      sound(),
      { classes: ['cyst', 'tumour'] },
      /nodules\.csv:3: "class" is "granuloma", expected one of cyst, tumour \(nodule n1\)/,
    ],
    [
      'a class without nodules',
      sound(),
      { classes: ['cyst', 'granuloma', 'tumour', 'scar'] },
      /classes has "scar", but no nodule has that class/,
    ],
    [
      'one class',
      changedTable((text) => text.replaceAll(/granuloma|tumour/g, 'cyst')),
      {},
      /all nodules are of the class "cyst"; a classifier needs two/,
    ],
    [
      'an order that is not told',
      sound(),
      { ordered: true },
      /ordered says that the classes have an order, but not which one/,
    ],
    [
      'an attribute without a column',
      sound(),
      { attributes: ['edge', 'shape'] },
      /nodules\.csv:1: lacks the columns shape/,
    ],
    [
      'an attribute that is not a number',
      changedTable((text) => text.replace('1.5', 'high')),
      { attributes: ['edge'] },
      /nodules\.csv:3: "edge" is "high", expected a number \(nodule n1\)/,
    ],
    [
      'a column with a value missing',
      changedTable((text) => text.replace(',41', ',')),
      {},
      /nodules\.csv:3: "age" is empty/,
    ],
    [
      'a nodule twice',
      changedTable((text) => text.replace('n1,', 'n0,')),
      {},
      /nodules\.csv:3: nodule n0 is listed twice/,
    ],
    [
      'a patient missing',
      changedTable((text) => text.replace('n1,p1', 'n1,')),
      {},
      /nodules\.csv:3: "patient" is empty/,
    ],
    [
      'a gap in the folds',
      { ...sound(), 'nodules.csv': table((i) => ({ fold: 2 * (i % 2) })) },
      {},
      /nodules\.csv: has no nodules in fold 1/,
    ],
    [
      'a patient in two folds',
      {
        ...sound(),
        'nodules.csv': table((i) => ({ fold: i % 2, patient: 'p' })),
      },
      {},
      /patient "p" is in fold 0 and in fold 1/,
    ],
    [
      'folds twice over',
      { ...sound(), 'nodules.csv': table((i) => ({ fold: i % 2 })) },
      { folds: 5 },
      /folds does not go with .*nodules\.csv, whose column "fold" already divides/,
    ],
    [
      'too few crops',
      { ...sound(), 'crops.npy': cropsOf(5) },
      {},
      /crops\.npy: holds 5 crops, and nodules\.csv has 6 rows/,
    ],
    [
      'crops that are too small',
      { ...sound(), 'crops.npy': cropsOf(6, 30) },
      {},
      /crops\.npy: is \[6, 30, 30, 30\], expected \[any, S, S, S\] with S an even number from 32 to 128/,
    ],
    [
      'crops of bytes',
      {
        ...sound(),
        'crops.npy': encodeNpy(
          arrayOf('uint8', [6, 32, 32, 32], new Array(6 * 32 ** 3).fill(3)),
        ),
      },
      {},
      /crops\.npy: crop 0: is of uint8, expected HU as int16, float32 or float64/,
    ],
    [
      'crops that were scaled',
      {
        ...sound(),
        'crops.npy': encodeNpy(
          arrayOf('float32', [6, 32, 32, 32], new Array(6 * 32 ** 3).fill(0.5)),
        ),
      },
      {},
      /nodules\.csv:2: the crop of nodule n0 holds values from 0\.5 to 0\.5, as images scaled to 0…1 do; .*set "force"/,
    ],
    [
      'a voxel that is not a number',
      {
        ...sound(),
        'crops.npy': encodeNpy(
          arrayOf('float32', [6, 32, 32, 32], new Array(6 * 32 ** 3).fill(NaN)),
        ),
      },
      { force: true },
      /crops\.npy: crop 0: holds NaN at voxel 0/,
    ],
    [
      'a crop outside of the folder',
      {
        'nodules.csv': table((i) => ({ file: i === 0 ? '../a.npy' : 'a.npy' })),
      },
      {},
      /nodules\.csv:2: the crop of nodule n0 would be \.\.\/a\.npy, which is not in the folder/,
    ],
    [
      'a crop that is not there',
      { 'nodules.csv': table() },
      {},
      /has neither crops\.npy nor n0\.npy, the crop of its first nodule/,
    ],
    [
      'no table',
      { 'crops.npy': cropsOf(6), 'Nodules.csv': table(), 'n.xlsx': 'PK' },
      {},
      /: has no nodules\.csv, and has Nodules\.csv, n\.xlsx; expected a folder/,
    ],
    [
      'a crop of a later nodule that is not there',
      {
        'nodules.csv': table(),
        'n0.npy': encodeNpy(
          arrayOf(
            'int16',
            [32, 32, 32],
            Array.from({ length: 32 ** 3 }, (_, v) => (v % 900) - 1000),
          ),
        ),
      },
      {},
      /n1\.npy: cannot be read: there is no such file/,
    ],
    [
      'a table with semicolons and decimal commas',
      changedTable((text) => text.replaceAll(',', ';').replaceAll('.5', ',5')),
      {},
      /nodules\.csv:1: has values with ";" between them, expected commas; .* decimal points/,
    ],
    [
      'a table with tabs',
      changedTable((text) => text.replaceAll(',', '\t')),
      {},
      /nodules\.csv:1: has values with tabs between them, expected commas/,
    ],
    [
      'a decimal comma in quotes',
      changedTable((text) => text.replaceAll(/(\d)\.5,/g, '"$1,5",')),
      {},
      /nodules\.csv:2: "edge" is "0,5", expected a number, with a decimal point \(nodule n0\)/,
    ],
    [
      'columns that are spelt otherwise',
      changedTable((text) => text.replace('patient,class', 'Patient, class')),
      {},
      /nodules\.csv:1: lacks the columns patient, class; it has id, Patient, " class", note.*\. Write patient for Patient, in small letters/,
    ],
    [
      'a column twice',
      changedTable((text) => text.replace('glow', 'edge')),
      {},
      /nodules\.csv:1: has the column "edge" twice/,
    ],
    [
      'a line above the header',
      changedTable((text) => `# of our clinic\n${text}`),
      {},
      /nodules\.csv:1: lacks the columns id, patient, class; it has # of our clinic$/,
    ],
    [
      'a row that is too short',
      changedTable((text) => text.replace('n1,p1,', 'n1,')),
      {},
      /nodules\.csv:3: has 6 values, and the header has 7 columns$/,
    ],
    [
      'a row that is too long',
      changedTable((text) => text.replace('seen', 'seen, twice')),
      {},
      /nodules\.csv:2: has 8 values, and the header has 7 columns; a value with a comma/,
    ],
    [
      'an empty table',
      { ...sound(), 'nodules.csv': '' },
      {},
      /nodules\.csv: is empty; expected a line with the columns id, patient, class/,
    ],
    [
      'a table in UTF-16',
      { ...sound(), 'nodules.csv': Buffer.from(`\ufeff${table()}`, 'utf16le') },
      {},
      /nodules\.csv: is text in UTF-16; save it as UTF-8/,
    ],
    [
      'a table in Latin-1',
      {
        ...sound(),
        'nodules.csv': Buffer.from(table().replace('cyst', 'Köst'), 'latin1'),
      },
      {},
      /nodules\.csv:2: is not UTF-8; save it as UTF-8/,
    ],
    [
      'a spreadsheet under the name of a table',
      { ...sound(), 'nodules.csv': 'PK\u0003\u0004' },
      {},
      /nodules\.csv: is a spreadsheet, or another zip file/,
    ],
    [
      'a class with a blank behind it',
      changedTable((text) => text.replace('p3,cyst', 'p3,cyst ')),
      {},
      /nodules\.csv:5: "class" is "cyst ", with blanks around it/,
    ],
    [
      'a patient with a blank before it, who would be on two sides',
      changedTable((text) => text.replace('n1,p1', 'n1, p0')),
      {},
      /nodules\.csv:3: "patient" is " p0", with blanks around it/,
    ],
    [
      'a patient in two Unicode normal forms',
      changedTable((text) =>
        text.replace('n0,p0', 'n0,Zoë').replace('n1,p1', 'n1,Zoe\u0308'),
      ),
      {},
      /nodules\.csv:3: "patient" is "Zoe\u0308", which looks like an earlier one/,
    ],
    [
      'classes that differ in capitals',
      changedTable((text) => text.replace('p3,cyst', 'p3,Cyst')),
      {},
      /nodules\.csv: has the classes "cyst" and "Cyst", which differ in capitals alone/,
    ],
    [
      'an attribute that is called like what every nodule has',
      changedTable((text) => text.replace('glow', 'label')),
      { attributes: ['label'] },
      /attributes: "label" is the label of a nodule, and cannot be an attribute/,
    ],
    [
      'more folds than patients',
      sound(),
      { folds: 7 },
      /folds is 7, and there are 6 patients/,
    ],
    [
      'a dataset',
      {
        ...sound(),
        'manifest.json': '{}',
        'folds.csv': 'id,patient,fold',
      },
      {},
      /: is a dataset already, made by prepare: give it to train as --data/,
    ],
    [
      'an unknown option in crops.json',
      { ...sound(), 'crops.json': '{"clases": ["a", "b"]}' },
      {},
      /crops\.json: .*clases/,
    ],
  ])(
    'refuses %s, and leaves nothing behind',
    async (_, files, options, message) => {
      const folder = await folderOf(files);
      const parent = await temporaryFolder();
      const failing = cropsSource.prepare({
        input: folder,
        out: join(parent, 'out'),
        options,
      });
      await expect(failing).rejects.toThrow(message);
      expect(await readdir(parent)).toEqual([]);
    },
  );
});

type Files = Readonly<Record<string, string | Uint8Array>>;

const labels = ['cyst', 'granuloma', 'tumour'];

/** Six nodules of three classes. */
function table(
  more: (i: number) => Readonly<Record<string, string | number>> = () => ({}),
): string {
  const rows = Array.from({ length: 6 }, (_, i) => ({
    id: `n${i}`,
    patient: `p${i}`,
    class: labels[i % 3] ?? '',
    note: 'seen',
    edge: 0.5 + i,
    glow: i === 0 ? 0 : -i,
    age: 40 + i,
    ...more(i),
  }));
  const [first = {}] = rows;
  return [Object.keys(first), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.join(','))
    .join('\n');
}

function cropsOf(count: number, side = 32): Uint8Array {
  const values = Array.from(
    { length: count * side ** 3 },
    (_, v) => Math.floor(v / side ** 3) - 1000 + ((v % side ** 3) % 900),
  );
  return encodeNpy(arrayOf('int16', [count, side, side, side], values));
}

function arrayOf(
  type: 'int16' | 'float32' | 'float64' | 'uint8',
  shape: readonly number[],
  values: readonly number[],
): NdArray {
  switch (type) {
    case 'int16':
      return new NdArray(type, shape, Int16Array.from(values));
    case 'uint8':
      return new NdArray(type, shape, Uint8Array.from(values));
    case 'float32':
      return new NdArray(type, shape, Float32Array.from(values));
    case 'float64':
      return new NdArray(type, shape, Float64Array.from(values));
  }
}

function sound(): Record<string, string | Uint8Array> {
  return { 'nodules.csv': table(), 'crops.npy': cropsOf(6) };
}

function changedTable(change: (text: string) => string): Files {
  const now = table();
  const changed = change(now);
  expect(changed).not.toBe(now);
  return { ...sound(), 'nodules.csv': changed };
}

async function prepareFrom(
  folder: string,
  options: CropOptions = {},
  margin = false,
) {
  const out = join(await temporaryFolder(), 'dataset');
  const manifest = await cropsSource.prepare({ input: folder, out, options });
  return { out, manifest, dataset: await readDataset(out, { margin }) };
}

async function prepared(
  files: Files,
  options: CropOptions = {},
  margin = false,
) {
  return prepareFrom(await folderOf(files), options, margin);
}
