import {
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { phantomManufacturer } from '@clip-lung/lidc';
import { decodeNpy } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { formerManifest } from '../../../../test/former-manifest.js';
import {
  asRle,
  fixture,
  folderOf,
  jsonFixture,
  lidcXml,
  type NoduleOptions,
  ratingsOf,
  sliceFile,
  type SliceOptions,
  square,
  temporaryFolder,
} from '../../../../test/synthetic.js';
import { DatasetError, InputError, OptionError } from '../../../errors.js';
import { prepareDataset } from './prepare-dataset.js';
import { cropAt } from '../../crop/read-crop.js';
import { datasetDigest } from '../../dataset/dataset-digest.js';
import { readDataset } from '../../dataset/read-dataset.js';

const madeUpScan = fileURLToPath(
  new URL('../../../../fixtures/scan', import.meta.url),
);

interface ExpectedNodule {
  readonly centre: readonly [number, number, number];
  readonly diameter: number;
  readonly readers: number;
  readonly ratings: Readonly<Record<string, number>>;
}

const nodule = (malignancy: number, z = 3, x = 5): NoduleOptions => ({
  ratings: ratingsOf({ malignancy }),
  regions: [
    { z, points: square(x, 5, 4) },
    { z: z + 1, points: square(x, 5, 4) },
  ],
});

/** The files of one scan: eight slices 1 mm apart, and its annotations. */
function scan(
  number: number,
  nodules: readonly NoduleOptions[],
  options: SliceOptions = {},
  patient = `LIDC-IDRI-${String(number).padStart(4, '0')}`,
): Record<string, string | Uint8Array> {
  const series = `1.2.3.${number}`;
  const files: Record<string, string | Uint8Array> = {
    [`${number}/${number}.xml`]: lidcXml([nodules], series),
  };
  for (let z = 0; z < 8; z++) {
    files[`${number}/${z}.dcm`] = sliceFile({
      series,
      sop: `${series}.${z}`,
      patient,
      position: [0, 0, z],
      stored: (x, y) => (x * 37 + y * 11 + z * 5 + number) % 1000,
      ...options,
    });
  }
  return files;
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const entries = names.map(
    async (name) =>
      [name, (await readFile(join(folder, name))).toString('latin1')] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function prepared(
  files: Record<string, string | Uint8Array>,
  options = {},
) {
  const folder = await folderOf(files);
  const out = join(await temporaryFolder(), 'dataset');
  const manifest = await prepareDataset({ folder, out, ...options });
  return { folder, out, manifest, dataset: await readDataset(out) };
}

describe('prepareDataset', () => {
  it('makes of a scan the nodules and crops that numpy and scipy make of it', async () => {
    const out = join(await temporaryFolder(), 'deep', 'dataset');
    const manifest = await prepareDataset({ folder: madeUpScan, out });
    expect(manifest).toMatchObject({
      collection: 'other',
      counts: { nodules: 3, patients: 1 },
      source: { counts: { scans: 1, annotations: 7 } },
    });
    const { nodules, crops } = await readDataset(out);
    const expected = await jsonFixture<{ nodules: ExpectedNodule[] }>(
      'scan.json',
    );
    expect(nodules).toHaveLength(expected.nodules.length);
    for (const [
      i,
      { centre, diameter, readers, ratings },
    ] of expected.nodules.entries()) {
      const { malignancy, ...means } = ratings;
      const found = nodules[i];
      expect(found).toMatchObject({
        patient: 'MADE-UP-1',
        readers,
        malignancy,
        ratings: means,
      });
      // The tables have four decimals.
      const place = [found?.x, found?.y, found?.z, found?.diameter];
      for (const [j, value] of [...centre, diameter].entries()) {
        expect(Math.abs((place[j] ?? NaN) - value)).toBeLessThanOrEqual(
          0.5e-4 + 1e-9,
        );
      }
    }
    const reference = decodeNpy(await fixture('crops.npy'), 'crops.npy');
    expect(crops.shape).toEqual(reference.shape);
    const differences = [...crops.data].map((hu, j) =>
      Math.abs(hu - Number(reference.data[j])),
    );
    // Rounding to whole HU, and no more.
    expect(Math.max(...differences)).toBeLessThanOrEqual(0.5 + 1e-3);
  });

  it('writes the same bytes whenever it is repeated, whatever the number of workers, over the old dataset', async () => {
    const files = Object.assign(
      {},
      ...[1, 2, 3, 4, 5, 6, 7].map((n) =>
        scan(n, [nodule(1 + (n % 5)), nodule(3, 1, 14)]),
      ),
    ) as Record<string, Uint8Array>;
    const { folder, out } = await prepared(files, { workers: 1 });
    const first = await contentOf(out);
    expect(Object.keys(first)).toEqual([
      'crops.npy',
      'folds.csv',
      'manifest.json',
      'nodules.csv',
      'readers.csv',
      'scans.csv',
    ]);
    await prepareDataset({ folder, out, workers: 5 });
    expect(await contentOf(out)).toEqual(first);
    // A dataset inside of its own input is no part of it.
    const inside = join(folder, 'dataset');
    await prepareDataset({ folder, out: inside });
    await prepareDataset({ folder, out: inside });
    expect(await contentOf(inside)).toEqual(first);
    expect(
      (await readdir(join(out, '..'))).filter((name) => name !== 'dataset'),
    ).toEqual([]);
  });

  it('keeps the IDs of nodules when others are left out', async () => {
    const files = {
      ...scan(1, [nodule(1), nodule(5, 1, 14)]),
      ...scan(2, [nodule(3)]),
    };
    const all = (await prepared(files)).dataset.nodules;
    const { dataset } = await prepared(files, {
      patients: ['LIDC-IDRI-0002'],
    });
    expect(dataset.nodules.map(({ id }) => id)).toEqual([all[2]?.id]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
  });

  it('knows simulated scans from real ones', async () => {
    expect((await prepared(scan(1, [nodule(1)]))).manifest.collection).toBe(
      'lidc-idri',
    );
    expect(
      (
        await prepared(
          scan(1, [nodule(1)], { manufacturer: phantomManufacturer }),
        )
      ).manifest.collection,
    ).toBe('phantom');
    expect(
      (await prepared(scan(1, [nodule(1)], {}, 'X'))).manifest.collection,
    ).toBe('other');
  });

  it('goes on without a scan that fails, and records why', async () => {
    const files = {
      ...scan(1, [nodule(1)]),
      ...scan(2, [nodule(3)], { orientation: [1, 0, 0, 0, 0.9659, -0.2588] }),
    };
    const { manifest, dataset } = await prepared(files);
    expect(dataset.nodules).toHaveLength(1);
    expect(manifest.source.counts.failedScans).toBe(1);
    expect(manifest.source.failures).toEqual([
      {
        scan: '1.2.3.2',
        patient: 'LIDC-IDRI-0002',
        file: '2/2.xml',
        message: expect.stringContaining('tilted gantry') as string,
      },
    ]);
  });

  it('counts what is not CT, belongs elsewhere, or is damaged, by name', async () => {
    const files = {
      ...scan(1, [nodule(1)]),
      'note.txt': 'x',
      // Lies in the folder of the one series, and belongs to another.
      '1/stray.dcm': sliceFile({ series: '9.9', position: [0, 0, 50] }),
      '1/report.dcm': sliceFile({ modality: 'SR' }),
      // What its pixels are like is nobody's business here.
      '1/mask.dcm': sliceFile({ modality: 'SEG', pixelBytes: 20 }),
      '1/short.dcm': sliceFile({ series: '1.2.3.1' }).subarray(0, 700),
      'tiny.dcm': Buffer.from('DICM'),
      'broken.xml': lidcXml([[nodule(1)]]).slice(0, 200),
      'absent.xml': lidcXml([[nodule(1)]], '7.7'),
    };
    const { manifest, dataset } = await prepared(files);
    expect(dataset.nodules).toHaveLength(1);
    expect({ ...manifest.source.counts, ...manifest.counts }).toMatchObject({
      scans: 1,
      otherFiles: 1,
      otherModalities: 2,
      seriesWithoutAnnotations: 1,
      scansWithoutImages: 1,
      unreadable: 3,
      warnings: { 'unreadable-dicom': 2, 'unreadable-xml': 1 },
    });
    const files_ = manifest.warnings.map(({ file }) => file);
    expect(files_).toEqual(
      expect.arrayContaining(['1/short.dcm', 'tiny.dcm', 'broken.xml']),
    );
  });

  it('warns of missing slices, and leaves out a nodule that has none', async () => {
    const files = scan(1, [nodule(1), nodule(5, 20, 14)]);
    delete files['1/4.dcm'];
    const { manifest, dataset } = await prepared(files);
    expect(dataset.nodules).toHaveLength(1);
    expect({ ...manifest.source.counts, ...manifest.counts }).toMatchObject({
      leftOut: 1,
      warnings: { 'slice-missing': 1, 'nodule-left-out': 1, 'slice-gap': 1 },
    });
    const missing = manifest.warnings.find(
      ({ code }) => code === 'slice-missing',
    );
    expect(missing).toMatchObject({
      file: '1/1.xml',
      message: `nodule ${dataset.nodules[0]?.id ?? ''}: the series lacks the slices of 1 of 2 contours, at z = 4 mm`,
    });
  });

  it('leaves out a nodule whose contour runs outside of its slice', async () => {
    const { manifest } = await prepared(
      scan(1, [nodule(1), nodule(5, 1, 999_990)]),
    );
    expect({ ...manifest.source.counts, ...manifest.counts }).toMatchObject({
      nodules: 1,
      leftOut: 1,
    });
  });

  it('leaves out nodules of too few readers', async () => {
    const series = '1.2.3.1';
    const files = {
      ...scan(1, []),
      '1/1.xml': lidcXml([[nodule(1), nodule(2, 1, 14)], [nodule(3)]], series),
    };
    const { manifest, dataset } = await prepared(files, { minReaders: 2 });
    expect(dataset.nodules).toMatchObject([
      {
        readers: 2,
        malignancy: 2,
        malignancyRatings: [1, 3],
        label: 'benign',
      },
    ]);
    expect(manifest.source.counts.tooFewReaders).toBe(1);
  });

  it.each([
    [
      'no DICOM',
      { 'a.xml': lidcXml([[nodule(1)]]) },
      {},
      /holds no DICOM file of a CT/,
    ],
    ['no XML', { 'a.dcm': sliceFile() }, {}, /holds no annotations of a CT/],
    [
      'a folder of crops',
      { 'nodules.csv': 'id,patient,class' },
      {},
      /its nodules\.csv the folder may be one of crops: --from crops$/,
    ],
    [
      'a dataset',
      { 'manifest.json': '{}', 'folds.csv': 'id', 'crops.npy': '' },
      {},
      /The folder is a dataset already, made by prepare: give it to train/,
    ],
    [
      'only images of other scans',
      { ...scan(1, [nodule(1)]), '1/1.xml': lidcXml([[nodule(1)]], '7.7') },
      {},
      /none of its 1 CT series belongs/,
    ],
    ['not one nodule', scan(1, []), {}, /yields no nodules/],
    [
      'not one nodule of enough readers',
      scan(1, [nodule(1)]),
      { minReaders: 3 },
      /1 nodules have too few readers/,
    ],
    [
      'nothing but failures',
      scan(1, [nodule(1)], { spacing: [0, 0] }),
      {},
      /1 scans could not be prepared, the first because series 1\.2\.3\.1/,
    ],
  ])(
    'refuses a folder with %s, and leaves nothing behind',
    async (_, files, options, message) => {
      const folder = await folderOf(files);
      const parent = await temporaryFolder();
      const failing = prepareDataset({
        folder,
        out: join(parent, 'out'),
        ...options,
      });
      await expect(failing).rejects.toThrow(message);
      await expect(failing).rejects.toThrow(InputError);
      expect(await readdir(parent)).toEqual([]);
    },
  );

  it('makes the same dataset of compressed slices', async () => {
    const files = scan(1, [nodule(1), nodule(5, 1, 14)]);
    const compressed = Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name,
        typeof content === 'string' ? content : asRle(content),
      ]),
    );
    const plain = await prepared(files);
    const other = await prepared(compressed);
    expect(await contentOf(other.out)).toEqual(await contentOf(plain.out));
  });

  it('refuses a series in a syntax without a decoder, and names it', async () => {
    const files = scan(1, [nodule(1)]);
    for (const [name, content] of Object.entries(files)) {
      if (typeof content === 'string') continue;
      const bytes = Buffer.from(asRle(content));
      const at = bytes.indexOf('1.2.840.10008.1.2.5');
      // Four bytes longer than RLE's, and the group length says so.
      const longer = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from('1.2.840.10008.1.2.4.201\0'),
        bytes.subarray(at + 20),
      ]);
      longer.writeUInt16LE(24, at - 2);
      longer.writeUInt32LE(longer.readUInt32LE(140) + 4, 140);
      files[name] = longer;
    }
    const folder = await folderOf(files);
    const out = join(await temporaryFolder(), 'out');
    await expect(prepareDataset({ folder, out })).rejects.toThrow(
      /High-Throughput JPEG 2000 Lossless, transfer syntax 1\.2\.840\.10008\.1\.2\.4\.201/,
    );
  });

  it('touches no folder that is not its own', async () => {
    const folder = await folderOf(scan(1, [nodule(1)]));
    const out = await folderOf({ 'thesis.tex': 'x' });
    await expect(prepareDataset({ folder, out })).rejects.toThrow(InputError);
    expect(await readdir(out)).toEqual(['thesis.tex']);
    const file = join(out, 'thesis.tex');
    await expect(prepareDataset({ folder, out: file })).rejects.toThrow(
      InputError,
    );
    expect(await readFile(file, 'utf8')).toBe('x');
    await rm(file);
    await prepareDataset({ folder, out });
    expect(await readdir(out)).toContain('manifest.json');
  });

  it('stops when it is told to, and leaves nothing behind', async () => {
    const files = Object.assign(
      {},
      ...[1, 2, 3].map((n) => scan(n, [nodule(1)])),
    ) as Record<string, Uint8Array>;
    const folder = await folderOf(files);
    for (const stage of ['annotations', 'headers', 'scans']) {
      const parent = await temporaryFolder();
      const stop = new AbortController();
      const stopped = prepareDataset({
        folder,
        out: join(parent, 'out'),
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.stage === stage) stop.abort();
        },
      });
      await expect(stopped).rejects.toThrow(/abort/);
      // Headers that were read, and scans that are done, are kept for the next run.
      expect(await readdir(parent)).toEqual(
        stage === 'annotations' ? [] : ['.out.partial'],
      );
      await prepareDataset({ folder, out: join(parent, 'out') });
      expect(await readdir(parent)).toEqual(['out']);
    }
  });

  it.each([
    [{ minReaders: 0 }, /minReaders is 0, expected a whole number from 1 to 4/],
    [{ folds: 1 }, /folds is 1/],
    [{ seed: 0.5 }, /seed is 0\.5/],
    [
      { rule: 'median' as 'pylidc' },
      /rule is "median", expected one of pylidc, inclusive/,
    ],
  ])('refuses %o', async (options, message) => {
    const failing = prepareDataset({
      folder: madeUpScan,
      out: '/nowhere/out',
      ...options,
    });
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(OptionError);
  });
});

describe('cropAt', () => {
  it('crops as the dataset does', async () => {
    const out = join(await temporaryFolder(), 'dataset');
    await prepareDataset({ folder: madeUpScan, out });
    const { nodules, crops } = await readDataset(out);
    for (const [i, { x, y, z, diameter }] of nodules.entries()) {
      const { hu: crop } = await cropAt(madeUpScan, {
        at: [x, y, z],
        side: 2 * diameter,
      });
      const expected = crops.data.subarray(i * 32 ** 3, (i + 1) * 32 ** 3);
      // The table's four decimals may turn a rounding.
      const differences = crop.map((hu, j) =>
        Math.abs(hu - (expected[j] ?? 0)),
      );
      expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    }
  });

  it.each([
    ['beside', [-1, 5, 3]],
    ['behind', [5, 25, 3]],
    ['above', [5, 5, 99]],
    ['nowhere', [NaN, 5, 3]],
  ] as const)('refuses a place that lies %s its series', async (_, at) => {
    const folder = await folderOf(scan(1, [nodule(1)]));
    const inside = { at: [5, 5, 3], side: 6 } as const;
    expect((await cropAt(folder, inside)).hu).toHaveLength(32 ** 3);
    await expect(cropAt(folder, { ...inside, at })).rejects.toThrow(
      /lies outside of its CT series, which reaches from \(0\.0, 0\.0, .*\) to \(/,
    );
  });

  it('refuses to choose among several series', async () => {
    const folder = await folderOf({
      ...scan(1, [nodule(1)]),
      ...scan(2, [nodule(1)]),
    });
    const place = { at: [5, 5, 3], side: 6 } as const;
    await expect(cropAt(folder, place)).rejects.toThrow(/holds 2 CT series/);
    const { hu } = await cropAt(folder, { ...place, series: '1.2.3.2' });
    expect(hu).toHaveLength(32 ** 3);
  });
});

describe('readDataset', () => {
  /** A sound dataset with one change. */
  async function changed(
    file: string,
    change: (text: string) => string,
    version: 3 | 5 = 5,
  ): Promise<string> {
    const files = {
      ...scan(1, [nodule(1), nodule(5, 1, 14)]),
      ...scan(2, [nodule(3)]),
    };
    const folder = await folderOf(files);
    const out = join(await temporaryFolder(), 'dataset');
    await prepareDataset({ folder, out });
    if (version === 3) {
      const manifest = join(out, 'manifest.json');
      const now = await readFile(manifest, 'utf8');
      await writeFile(manifest, formerManifest(now));
    }
    const path = join(out, file);
    const text = (await readFile(path)).toString('latin1');
    const other = change(text);
    expect(other).not.toBe(text);
    await writeFile(path, Buffer.from(other, 'latin1'));
    return out;
  }

  /** The same, of the version that had no digests: then the change itself is what is wrong. */
  function changedVersion3(
    file: string,
    change: (text: string) => string,
  ): Promise<string> {
    return changed(file, change, 3);
  }

  /** Replaces a field of the first row. */
  const field = (name: string, value: string) => (text: string) => {
    const [header = '', row = '', ...rest] = text.split('\n');
    const fields = row.split(',');
    fields[header.split(',').indexOf(name)] = value;
    return [header, fields.join(','), ...rest].join('\n');
  };

  it.each([
    [
      'nodules.csv',
      field('spiculation', '7'),
      /^nodules\.csv:2: "spiculation" is 7, expected 1 to 5 \(scan 1\.2\.3\.1/,
    ],
    [
      'nodules.csv',
      field('internalStructure', '4.5'),
      /"internalStructure" is 4\.5, expected 1 to 4/,
    ],
    ['nodules.csv', field('x', 'left'), /"x" is "left", expected a number/],
    ['nodules.csv', field('diameter', ''), /"diameter" is empty/],
    [
      'nodules.csv',
      field('label', 'unsure'),
      /"label" is "unsure", but a malignancy of 1 is benign/,
    ],
    [
      'nodules.csv',
      field('malignancyRatings', '1 6'),
      /"malignancyRatings" is "1 6", expected numbers from 1 to 5/,
    ],
    [
      'nodules.csv',
      field('malignancyRatings', '1 2'),
      /"malignancyRatings" is "1 2", of which the mean is 1\.5, but "malignancy" is 1 /,
    ],
    [
      'nodules.csv',
      field('patient', 'X'),
      /scans\.csv says that it is of patient "LIDC-IDRI-0001"/,
    ],
    ['nodules.csv', field('scan', '5.5'), /scans\.csv lacks its scan/],
    [
      'nodules.csv',
      field('readers', '1.5'),
      /"readers" is 1\.5, expected a whole number/,
    ],
    [
      'nodules.csv',
      (text: string) => text.replace('spiculation', 'spikes'),
      /^nodules\.csv:1: lacks the columns spiculation/,
    ],
    [
      'nodules.csv',
      (text: string) => text.split('\n').slice(0, -2).join('\n'),
      /folds\.csv: has 3 rows, nodules\.csv has 2/,
    ],
    [
      'nodules.csv',
      (text: string) => `${text}a,b\n`,
      /^nodules\.csv:5: has 2 values, and the header has 24 columns$/,
    ],
    [
      'folds.csv',
      field('fold', '5'),
      /^folds\.csv:2: "fold" is 5, expected 0 to 4/,
    ],
    ['folds.csv', field('id', 'a'), /is of nodule a/],
    [
      'folds.csv',
      field('part', 'test'),
      /^folds\.csv:2: "part" is "test", expected none: the folds were made/,
    ],
    [
      'folds.csv',
      (text: string) => text.split('\n').slice(0, -2).join('\n'),
      /has no row in folds\.csv/,
    ],
    [
      'folds.csv',
      (text: string) =>
        field('fold', text.includes('0001,0') ? '1' : '0')(text),
      /patient "LIDC-IDRI-0001" is in fold . and in fold ./,
    ],
    [
      'manifest.json',
      (text: string) => text.replace('"pylidc"', '"median"'),
      /^manifest\.json: "rule": /,
    ],
    [
      'manifest.json',
      (text: string) => text.slice(0, 100),
      /manifest\.json: is not JSON/,
    ],
    [
      'manifest.json',
      (text: string) => text.replace('"version": 3', '"version": 2'),
      /version is 2, expected 5; prepare the dataset again/,
    ],
    [
      'manifest.json',
      (text: string) => text.replace('"nodules": 3', '"nodules": 4'),
      /has 3 nodules, manifest\.json says 4/,
    ],
    [
      'crops.npy',
      (text: string) => text.slice(0, -2),
      /crops\.npy: .*cut short/,
    ],
    [
      'crops.npy',
      (text: string) => text.replace('(3, 32, 32, 32)', '(3, 32, 16, 64)'),
      /holds int16 \[3, 32, 16, 64\], expected int16 \[3, 32, 32, 32\]/,
    ],
  ])('refuses a changed %s (%#)', async (file, change, message) => {
    const out = await changedVersion3(file, change);
    await expect(readDataset(out)).rejects.toThrow(message);
  });

  const names = [
    'crops.npy',
    'folds.csv',
    'manifest.json',
    'nodules.csv',
    'readers.csv',
    'scans.csv',
  ];

  it('refuses every file of it with a flipped bit, cut short, or with more at its end', async () => {
    const out = await changed('crops.npy', (text) => `${text}xx`);
    await expect(readDataset(out)).rejects.toThrow(DatasetError);
    await truncate(join(out, 'crops.npy'), 128 + 3 * 65536);
    expect((await readDataset(out)).nodules).toHaveLength(3);
    expect((await readdir(out)).sort()).toEqual(names);
    for (const name of names) {
      const file = join(out, name);
      const whole = await readFile(file);
      for (let i = 0; i < 20; i++) {
        const bit = Math.floor((i * (whole.length * 8 - 1)) / 19);
        const flipped = Buffer.from(whole);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        for (const damaged of [flipped, whole.subarray(0, bit >> 3)]) {
          await writeFile(file, damaged);
          await expect(readDataset(out)).rejects.toThrow(DatasetError);
        }
      }
      await writeFile(file, whole);
    }
  });

  it('reads a dataset of the version without digests, and says so', async () => {
    const out = await changedVersion3('scans.csv', (text) =>
      text.replaceAll('\n', '\r\n'),
    );
    const notes: string[] = [];
    const onNote = (message: string): void => void notes.push(message);
    expect((await readDataset(out, { onNote })).nodules).toHaveLength(3);
    expect(notes).toEqual([
      `${out}: has no digests, like all datasets of earlier versions: nothing shows whether its files have changed since they were written; prepare it again to add them`,
    ]);
    const file = join(out, 'manifest.json');
    const text = await readFile(file, 'utf8');
    for (const version of [4, 5]) {
      await writeFile(
        file,
        text.replace('"version": 3', `"version": ${version}`),
      );
      await expect(readDataset(out)).rejects.toThrow(
        /^manifest\.json: has lost its SHA-256/,
      );
    }
  });

  it('reads a dataset of version 4, whose other files are the same to the byte', async () => {
    const out = join(await temporaryFolder(), 'dataset');
    await prepareDataset({ folder: madeUpScan, out });
    const now = await readDataset(out);
    // Written by the version before, of the same scan: it has the digests of what that version wrote.
    await writeFile(
      join(out, 'manifest.json'),
      await fixture('former/manifest-version-4.json'),
    );
    const then = await readDataset(out);
    expect(then).toEqual({ ...now, manifest: { ...now.manifest, version: 4 } });
    expect(datasetDigest(then)).toBe(datasetDigest(now));
  });

  it('refuses a folder that is none', async () => {
    await expect(readDataset(await temporaryFolder())).rejects.toThrow(
      InputError,
    );
    const out = await changedVersion3('crops.npy', (text) => `${text}xx`);
    await rm(join(out, 'crops.npy'));
    await expect(readDataset(out)).rejects.toThrow(
      /^crops\.npy: cannot be read/,
    );
  });

  it('reads columns in any order, and passes over others', async () => {
    const out = await changedVersion3('folds.csv', (text) =>
      text
        .split('\n')
        .map((line) =>
          line === '' ? '' : `note,${line.split(',').reverse().join(',')}`,
        )
        .join('\n'),
    );
    expect((await readDataset(out)).nodules).toHaveLength(3);
    const copy = join(await temporaryFolder(), 'copy');
    await mkdir(copy);
    await cp(out, copy, { recursive: true });
    expect((await readDataset(copy)).folder).toBe(copy);
  });
});
