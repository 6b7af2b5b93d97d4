import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';

import { encodeNpy, NdArray } from '@clip-lung/tensor';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import {
  compressedSlice,
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  type SliceOptions,
  square,
  temporaryFolder,
} from '../../../../test/synthetic.js';
import { InputError } from '../../../errors.js';
import { limits } from '../../../limits.js';
import type { LidcManifest } from '../../../dataset/manifest.js';
import { arrayOfNpz } from '../nodulemnist3d/npz.js';
import { prepareDataset } from './prepare-dataset.js';
import { readTable } from '../../dataset/table.js';

describe('a scan whose slices claim what no slice has', () => {
  it.each(Object.entries(claims()))(
    'fails without its memory being taken, and others do not: %s',
    async (_, { slice, problem }) => {
      const folder = await folderOf({ ...scan(1, slice), ...scan(2) });
      const out = join(await temporaryFolder(), 'out');
      const { counts, source } = await prepareDataset({ folder, out });
      expect({ ...source.counts, ...counts }).toMatchObject({
        scans: 1,
        failedScans: 1,
        nodules: 1,
      });
      expect(source.failures[0]?.message).toMatch(problem);
    },
  );

  const compiled = fileURLToPath(
    new URL('../../../../dist/node/index.js', import.meta.url),
  );
  it.skipIf(!existsSync(compiled))(
    `takes less than 400 MB with all of them (skipped where ${compiled} is not built)`,
    async () => {
      const all = Object.values(claims()).map(({ slice }, i) =>
        scan(i + 2, slice),
      );
      const folder = await folderOf(
        Object.fromEntries(
          [scan(1), ...all].flatMap(Object.entries<string | Uint8Array>),
        ),
      );
      const out = join(await temporaryFolder(), 'out');
      const script = `
        import { prepareDataset } from ${JSON.stringify(compiled)};
        const manifest = await prepareDataset(${JSON.stringify({ folder, out, workers: 2 })});
        const memory = process.resourceUsage().maxRSS / 1024;
        console.log(JSON.stringify({ counts: manifest.source.counts, memory }));`;
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--input-type=module', '-e', script],
        { encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { counts, memory } = JSON.parse(stdout) as {
        readonly counts: LidcManifest['source']['counts'];
        readonly memory: number;
      };
      expect(counts).toMatchObject({ scans: 1, failedScans: all.length });
      expect(memory).toBeLessThan(400);
    },
    60_000,
  );
});

describe('a table of a dataset', () => {
  it.each([
    ['a row without an end', 'a,'.repeat(5e6)],
    ['a quote without an end', `a\n"${'x'.repeat(1e7)}`],
  ])('is refused at %s', (_, text) => {
    expect(() => readTable(text, 'a.csv', ['a'])).toThrow(
      /^a\.csv:[12]: Max Record Size: .*65536/,
    );
  });

  it('is refused at more rows or columns than it can have', () => {
    const rows = `a\n${'1\n'.repeat(limits.tableRows + 1)}`;
    expect(() => readTable(rows, 'a.csv', ['a'])).toThrow(
      'a.csv: has more than 250000 rows',
    );
    const names = Array.from({ length: 1001 }, (_, i) => `c${i}`).join();
    expect(() => readTable(names, 'a.csv', [])).toThrow(
      'a.csv: has 1001 columns, expected at most 1000',
    );
  });
});

describe('an array of a .npz file', () => {
  const array = encodeNpy(
    new NdArray(
      'uint8',
      [4096],
      new Uint8Array(4096).map((_, i) => i),
    ),
  );

  it('is refused where it claims more than its bytes can inflate to', () => {
    const whole = Buffer.from(zipSync({ 'a.npy': array }));
    const directory = whole.indexOf(Buffer.from('504b0102', 'hex'));
    whole.writeUInt32LE(0xf0000000, directory + 24);
    expect(() => arrayOfNpz(whole, 'a.npz', 'a')).toThrow(
      /a\.npz: .*claims 4026531840 bytes out of \d+, expected at most \d+/,
    );
  });

  it('is refused where it inflates to thousands of times its bytes', () => {
    const zeros = zipSync({ 'a.npy': new Uint8Array(64 * 2 ** 20) });
    expect(zeros.length).toBeLessThan(100_000);
    expect(() => arrayOfNpz(zeros, 'a.npz', 'a')).toThrow(InputError);
    expect(() => arrayOfNpz(zeros, 'a.npz', 'a')).toThrow(/expected at most/);
  });

  it('is refused where its file has more entries than an archive of arrays', () => {
    const many = Object.fromEntries(
      Array.from({ length: limits.npzEntries + 1 }, (_, i) => [
        `${i}.npy`,
        new Uint8Array(),
      ]),
    );
    expect(() => arrayOfNpz(zipSync(many), 'a.npz', 'a')).toThrow(
      /more than 1000 entries/,
    );
  });

  it('is refused where a bit of it has changed', () => {
    const whole = zipSync({ 'a.npy': array, 'b.npy': array });
    expect(arrayOfNpz(whole, 'a.npz', 'b').shape).toEqual([4096]);
    // Stored as it is, so that no bit of it changes how it is inflated.
    const stored = zipSync({ 'a.npy': [array, { level: 0 }] });
    for (const at of [200, 1000, 4000]) {
      const changed = Uint8Array.from(stored);
      changed[at] = Number(changed[at]) ^ 1;
      expect(() => arrayOfNpz(changed, 'a.npz', 'a')).toThrow(
        /^a\.npz: "a\.npy" is damaged: its checksum is not/,
      );
    }
  });
});

type Slice = (options: SliceOptions) => Uint8Array;

/** A scan of one nodule. */
function scan(
  number: number,
  slice: Slice = sliceFile,
): Record<string, string | Uint8Array> {
  const series = `1.2.3.${number}`;
  const regions = [3, 4].map((z) => ({ z, points: square(5, 5, 4) }));
  const ratings = ratingsOf({ malignancy: 5 });
  const files: Record<string, string | Uint8Array> = {};
  files[`${number}/a.xml`] = lidcXml([[{ ratings, regions }]], series);
  for (let z = 0; z < 8; z++) {
    files[`${number}/${z}.dcm`] = slice({
      series,
      sop: `${series}.${z}`,
      patient: `LIDC-IDRI-${String(number).padStart(4, '0')}`,
      position: [0, 0, z],
      stored: (x, y) => (x * 37 + y * 11 + z * 5) % 1000,
    });
  }
  return files;
}

interface Claim {
  readonly slice: Slice;
  readonly problem: RegExp;
}

function claims(): Record<string, Claim> {
  const jpeg = '1.2.840.10008.1.2.4.50';
  const byte = { bits: 8 };
  const overPixels = /expected 1 to 16777216 pixels/;
  const claimed = (
    name: keyof typeof frames,
    side: number,
    header = side,
  ): Slice => {
    const { syntax, image, bits } = frames[name];
    return (options) =>
      compressedSlice(
        { ...options, rows: header, columns: header, pixelBytes: 0 },
        { syntax, bits, image: image(side) },
      );
  };
  return {
    'pixels that are not there': {
      slice: (options) =>
        sliceFile({
          ...options,
          rows: 16_384,
          columns: 16_384,
          pixelBytes: 1152,
        }),
      problem: overPixels,
    },
    'frames that are not there': {
      slice: (options) =>
        sliceFile({
          ...options,
          elements: { '00280008': ['IS', '2147483647'] },
        }),
      problem: /is cut short/,
    },
    'a JPEG image of 65,500²': {
      slice: claimed('JPEG', 65_500),
      problem: overPixels,
    },
    'a JPEG image larger than its header says': {
      slice: claimed('JPEG', 65_500, 24),
      problem: /the compressed image has 65500 × 65500/,
    },
    'a JPEG image whose size hides behind a marker that has no length': {
      slice: (options) => {
        const large = frameHeader(0xc0, 30_000, 8);
        // Read as a segment, RST0 ends where a frame of the right size starts.
        const skipped = Buffer.alloc(4 + large.readUInt16BE(0) - large.length);
        const image = Buffer.concat([
          Buffer.from('ffd8ffd0', 'hex'),
          large,
          skipped.subarray(2),
          frameHeader(0xc0, 24, 8),
          Buffer.alloc(64),
        ]);
        return compressedSlice(options, { syntax: jpeg, image, ...byte });
      },
      problem: /its compressed pixels are not: they seem to be/,
    },
    'a JPEG image of ten thousand scans': {
      slice: (options) => {
        const scans = Array.from({ length: 10_000 }, () =>
          Buffer.from('ffda0008010100003f00', 'hex'),
        );
        const image = Buffer.concat([
          Buffer.from('ffd8', 'hex'),
          frameHeader(0xc2, 24, 8),
          ...scans,
        ]);
        return compressedSlice(options, { syntax: jpeg, image, ...byte });
      },
      problem: /has more than 64 scans/,
    },
    'a lossless JPEG image of 65,500²': {
      slice: claimed('lossless JPEG', 65_500),
      problem: overPixels,
    },
    'a lossless JPEG image of 4096² in no bytes': {
      slice: claimed('lossless JPEG', 4096),
      problem: /is cut short: its JPEG image ends before/,
    },
    'a JPEG-LS image of 65,500²': {
      slice: claimed('JPEG-LS', 65_500),
      problem: overPixels,
    },
    'a JPEG 2000 image of 2³¹ × 2³¹': {
      slice: claimed('JPEG 2000', 2 ** 31, 24),
      problem: /the compressed image has 2147483648 × 2147483648/,
    },
    'a JPEG 2000 image in tiles of 17²': {
      slice: largeJpeg2000(jpeg2000Of(4096, 17)),
      problem: /has 241 × 241 tiles, expected 1 to 4096/,
    },
    'a JPEG 2000 image in precincts of 2²': {
      slice: largeJpeg2000(
        jpeg2000Of(4096),
        Buffer.from('ff52000e01000001000104040001' + '1111', 'hex'),
      ),
      problem: /has about \d{7,} code-blocks/,
    },
    'a JPEG 2000 image whose precincts are not said': {
      slice: largeJpeg2000(
        jpeg2000Of(4096),
        Buffer.from('ff52000c' + '01000001000104040001', 'hex'),
      ),
      problem:
        /a coding style of its JPEG 2000 image has 10 bytes, expected more than 10/,
    },
    'a JPEG 2000 image of 65,535 layers': {
      slice: largeJpeg2000(
        jpeg2000Of(4096),
        Buffer.from('ff52000e0100ffff000104040001' + '7777', 'hex'),
      ),
      problem: /code-blocks and \d{9,} packets/,
    },
    'a JPEG 2000 image whose tile has such precincts': {
      slice: largeJpeg2000(
        jpeg2000Of(4096),
        Buffer.from('ff52000c0000000100000404' + '0001', 'hex'),
        Buffer.from('ff90000a0000000000000001', 'hex'),
        Buffer.from('ff53000b0001010404' + '00011111', 'hex'),
      ),
      problem: /has about \d{7,} code-blocks/,
    },
    'RLE of 16,384²': { slice: claimed('RLE', 16_384), problem: overPixels },
    'RLE of 4096² in no bytes': {
      slice: claimed('RLE', 4096),
      problem: /its RLE segment 1 holds 0 bytes, expected 16777216/,
    },
    'a deflated file of 32 MB of zeros': {
      slice: (options) => {
        const syntax = '1.2.840.10008.1.2.1.99';
        const bytes = Buffer.from(sliceFile({ ...options, syntax }));
        const start = 144 + bytes.readUInt32LE(140);
        const zeros = Buffer.alloc(32 * 2 ** 20);
        const body = Buffer.concat([bytes.subarray(start), zeros]);
        return Buffer.concat([bytes.subarray(0, start), deflateRawSync(body)]);
      },
      problem: /deflated bytes inflate to more than/,
    },
    'a gzipped file of 32 MB of zeros': {
      slice: (options) =>
        gzipSync(
          Buffer.concat([sliceFile(options), Buffer.alloc(32 * 2 ** 20)]),
        ),
      problem: /deflated bytes inflate to more than/,
    },
    'a UID of a megabyte': {
      slice: (options) =>
        sliceFile({
          ...options,
          elements: { '0020000d': ['UN', '1'.repeat(2 ** 20)] },
        }),
      problem: /has 1048576 bytes of text in \(0020,000d\), expected at most/,
    },
    '2¹⁷ elements': {
      slice: (options) => {
        const bytes = Buffer.from(sliceFile(options));
        const at = bytes.indexOf(Buffer.from('280010005553', 'hex'));
        const empty = Buffer.from('0900101043530000', 'hex');
        const many = Array.from({ length: 2 ** 17 }, () => empty);
        return Buffer.concat([
          bytes.subarray(0, at),
          ...many,
          bytes.subarray(at),
        ]);
      },
      problem: /has more than 65536 elements before its pixels/,
    },
  };
}

/** A frame header (SOF) of one component. */
function frameHeader(marker: number, side: number, bits: number): Buffer {
  const header = Buffer.from([
    0xff,
    marker,
    0,
    11,
    bits,
    0,
    0,
    0,
    0,
    1,
    1,
    17,
    0,
  ]);
  header.writeUInt16BE(side, 5);
  header.writeUInt16BE(side, 7);
  return header;
}

const frames = {
  JPEG: {
    syntax: '1.2.840.10008.1.2.4.50',
    bits: 8,
    image: (side: number) => jpegOf(0xc0, side, 8),
  },
  'lossless JPEG': {
    syntax: '1.2.840.10008.1.2.4.70',
    bits: 16,
    image: (side: number) => jpegOf(0xc3, side, 16),
  },
  'JPEG-LS': {
    syntax: '1.2.840.10008.1.2.4.80',
    bits: 16,
    image: (side: number) => jpegOf(0xf7, side, 16),
  },
  'JPEG 2000': {
    syntax: '1.2.840.10008.1.2.4.90',
    bits: 16,
    image: (side: number) => jpeg2000Of(side),
  },
  RLE: {
    syntax: '1.2.840.10008.1.2.5',
    bits: 16,
    image: () => {
      const header = Buffer.alloc(64);
      for (const [i, value] of [2, 64, 64].entries()) {
        header.writeUInt32LE(value, 4 * i);
      }
      return header;
    },
  },
} as const;

/** The beginning of a JPEG 2000 image of one component. */
function jpeg2000Of(side: number, tile = side): Buffer {
  const size = Buffer.alloc(45);
  size.write('ff4fff510029', 'hex');
  for (const at of [8, 12]) size.writeUInt32BE(side, at);
  for (const at of [24, 28]) size.writeUInt32BE(tile, at);
  size.writeUInt16BE(1, 40);
  for (const [i, value] of [15, 1, 1].entries()) size.writeUInt8(value, 42 + i);
  return size;
}

function largeJpeg2000(...segments: readonly Buffer[]): Slice {
  const image = Buffer.concat([...segments, Buffer.alloc(16)]);
  const { syntax, bits } = frames['JPEG 2000'];
  return (options) =>
    compressedSlice(
      { ...options, rows: 4096, columns: 4096, pixelBytes: 0 },
      { syntax, bits, image },
    );
}

/** A JPEG image with a Huffman table of one code, and no pixels. */
function jpegOf(marker: number, side: number, bits: number): Buffer {
  return Buffer.concat([
    Buffer.from('ffd8', 'hex'),
    frameHeader(marker, side, bits),
    Buffer.from(`ffc4001400${'01'.padEnd(32, '0')}00`, 'hex'),
    Buffer.from('ffda00080101000100000000ffd9', 'hex'),
  ]);
}
