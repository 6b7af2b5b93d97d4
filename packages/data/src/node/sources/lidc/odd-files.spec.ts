import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import {
  asRle,
  type ElementValue,
  fixture,
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  square,
  temporaryFolder,
  uint16,
} from '../../../../test/synthetic.js';
import { readSliceHeader } from '../../../dicom/header.js';
import { InputError } from '../../../errors.js';
import { listFiles } from '../../series/list-files.js';
import { prepareDataset } from './prepare-dataset.js';
import { indexSeries } from '../../series/series-index.js';
import { readHeaderOf, readWindowOf } from '../../series/slice-file.js';
import { headersOf } from '../../series/slice-set.js';

type Changes = Readonly<Record<string, ElementValue | null>>;
type Files = Record<string, Uint8Array>;

const slices = 8;
const xml = lidcXml([
  [
    {
      ratings: ratingsOf(),
      regions: [3, 4].map((z) => ({ z, points: square(5, 5, 4) })),
    },
  ],
]);

/** The slices of a scan, by their names: HU from −1000 to −1 as they rise. */
function scan(changes: Changes = {}, offset = 24): Files {
  const files: Files = {};
  for (let z = 0; z < slices; z++) {
    files[`${z}.dcm`] = sliceFile({
      sop: `1.2.3.${z}`,
      position: [0, 0, z],
      stored: (x, y) => offset + ((x * 37 + y * 11 + z * 5) % 1000),
      elements: changes,
    });
  }
  return files;
}

async function prepared(files: Files) {
  const folder = await folderOf({ ...files, 'a.xml': xml });
  const out = join(await temporaryFolder(), 'dataset');
  const manifest = await prepareDataset({ folder, out });
  return { manifest, crops: await readFile(join(out, 'crops.npy')) };
}

const renamed = (
  files: Files,
  change: (bytes: Uint8Array) => Uint8Array,
  name: (old: string) => string,
): Files =>
  Object.fromEntries(
    Object.entries(files).map(([old, bytes]) => [name(old), change(bytes)]),
  );

/** Without the file meta information: 132 bytes, 12 and what the first element tells. */
const bare = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(144 + Buffer.from(bytes).readUInt32LE(140));

describe('prepareDataset', () => {
  it.each([
    ['gzipped files', (bytes) => gzipSync(bytes), (old) => `${old}.gz`, null],
    [
      'gzipped files without an ending',
      (bytes) => gzipSync(bytes),
      (old) => old.slice(0, 1),
      null,
    ],
    [
      'gzipped files of compressed pixels',
      (bytes) => gzipSync(asRle(bytes)),
      (old) => `${old}.gz`,
      null,
    ],
    [
      'files without a beginning or an ending',
      bare,
      (old) => old.slice(0, 1),
      'transfer-syntax-missing',
    ],
    [
      'files with bytes behind the pixels',
      (bytes) => Buffer.concat([bytes, Buffer.from('garbage')]),
      (old) => old,
      null,
    ],
  ] satisfies [
    string,
    (bytes: Uint8Array) => Uint8Array,
    (old: string) => string,
    string | null,
  ][])('makes the same crops of %s', async (_, change, name, code) => {
    const { manifest, crops } = await prepared(renamed(scan(), change, name));
    const expected = await prepared(scan());
    expect(crops.equals(expected.crops)).toBe(true);
    expect(manifest.counts.warnings).toEqual({
      ...expected.manifest.counts.warnings,
      ...(code === null ? {} : { [code]: 1 }),
    });
  });

  it('counts what is odd in headers once for a series', async () => {
    const { manifest } = await prepared(
      scan({
        '00180050': ['DS', '1 mm'],
        '00280102': null,
        '7fe00010': ['OW', Buffer.alloc(2 * 24 * 24 + 64)],
      }),
    );
    expect(manifest.counts.warnings).toMatchObject({
      'excess-padding': 1,
      'high-bit-missing': 1,
      'slice-thickness-ignored': 1,
    });
    expect(
      manifest.warnings.find(({ code }) => code === 'excess-padding'),
    ).toEqual({
      code: 'excess-padding',
      file: '0.dcm',
      message:
        '24 rows × 24 columns of 16 bits take 1152 bytes, the pixel data has 1216; what follows the pixels is ignored (8 of 8 slices of its series)',
    });
  });

  it('takes signed pixels without a rescaling as HU where they show lung, and only there', async () => {
    const absent: Changes = { '00281052': null, '00281053': null };
    const { manifest, crops } = await prepared(scan(absent, -1000));
    expect(crops.equals((await prepared(scan())).crops)).toBe(true);
    expect(manifest.counts.warnings).toMatchObject({ 'rescale-assumed': 1 });
    await expect(prepared(scan(absent))).rejects.toThrow(
      /0\.dcm: has neither Rescale Slope nor Rescale Intercept, and its signed pixels cannot be HU/,
    );
  });

  it('refuses a scan of which one slice has no intercept, by its name', async () => {
    const files = scan();
    files['3.dcm'] = sliceFile({
      sop: '1.2.3.3',
      position: [0, 0, 3],
      elements: { '00281052': ['DS', ''] },
    });
    await expect(prepared(files)).rejects.toThrow(
      /series 1\.2\.3: 3\.dcm has a Rescale Slope, but no Rescale Intercept; 1 of 8 slices cannot be read as HU/,
    );
  });

  it('says what the files are that it passes over', async () => {
    const other = scan({ '00080060': ['CS', 'MR'] });
    const files = {
      ...renamed(
        other,
        (bytes) => bytes,
        (old) => `mr/${old}`,
      ),
      'a.png': Buffer.from('89504e470d0a1a0a', 'hex'),
      'notes.txt': Buffer.from('nothing'),
      // A list of files, under whatever name.
      listed: sliceFile({
        elements: {
          '00041220': ['SQ', Buffer.from('feff00e000000000', 'hex')],
          '00080060': null,
          '7fe00010': null,
        },
      }),
      'volume.nii.gz': gzipSync(
        Buffer.concat([Buffer.from('5c010000', 'hex'), Buffer.alloc(344)]),
      ),
      'b.dcm': Buffer.from('<html>'),
      'c.dcm': sliceFile({ elements: { '00280101': null } }),
    };
    const failing = prepared(files);
    await expect(failing).rejects.toThrow(InputError);
    await expect(failing).rejects.toThrow(
      'holds no DICOM file of a CT, among 15 files (ignored: 8 × DICOM of modality MR, 1 × a PNG image, 1 × a DICOMDIR, 1 × text, 1 × gzip data (of a NIfTI image); 2 files cannot be read, the first because b.dcm: is not a DICOM file, or cut short: it seems to be an HTML page)',
    );
    const index = await indexSeries(await listFiles(await folderOf(files)));
    expect(index).toMatchObject({ otherModalities: 8, otherFiles: 4 });
  });
});

describe('readWindowOf', () => {
  const window = { x0: 1, x1: 4, y0: 1, y1: 3 };

  it('reads a part of bytes that are swapped in pairs, in rows of an odd number', async () => {
    const bytes = await fixture('formats/bytes-words-big-endian.dcm');
    const plain = await fixture('formats/bytes-big-endian.dcm');
    const folder = await folderOf({
      'a.dcm': bytes,
      'b.dcm': plain,
      'c.gz': gzipSync(bytes),
    });
    const part = async (name: string) => {
      const path = join(folder, name);
      const header = (await readHeaderOf(path, name))?.slice?.();
      if (!header) throw new Error(`${name} has no header`);
      return [...(await readWindowOf(path, header, window))];
    };
    expect(await part('a.dcm')).toEqual(await part('b.dcm'));
    expect(await part('c.gz')).toEqual(await part('b.dcm'));
  });

  it('refuses a gzipped file that is cut short, or too large once it is inflated', async () => {
    const whole = gzipSync(sliceFile(), { level: 0 });
    const bomb = gzipSync(
      Buffer.concat([sliceFile(), Buffer.alloc(300 * 2 ** 20)]),
    );
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    for (const [name, bytes] of [
      ['cut.gz', whole.subarray(0, -20)],
      ['bomb.gz', bomb],
    ] as const) {
      await writeFile(join(folder, name), bytes);
      await expect(readHeaderOf(join(folder, name), name)).rejects.toThrow(
        /\.gz: is gzipped, and damaged, cut short or too large: /,
      );
    }
  });
});

describe('headers as columns', () => {
  it('keep what was odd in them, once for all slices that have it', async () => {
    const files = scan({
      '00180050': ['DS', 'thin'],
      '00280103': ['US', uint16(0)],
    });
    const folder = await folderOf(files);
    const { series } = await indexSeries(await listFiles(folder));
    const set = series.get('1.2.3');
    if (!set) throw new Error('there is no series');
    expect(set.shared).toHaveLength(1);
    expect(headersOf(set)).toEqual(
      Object.entries(files).map(([name, bytes]) =>
        readSliceHeader(bytes, name),
      ),
    );
  });
});
