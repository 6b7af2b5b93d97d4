import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

import { decodePixels, readPixels, readSliceHeader } from '@clip-lung/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { headerOfSlice } from '../../test/header-of-slice.js';
import {
  type CtSlice,
  decimal,
  encodeCtSlice,
  toHounsfield,
} from './ct-slice.js';
import { deflate } from './deflate.js';
import { encapsulate } from './compressed-pixels.js';
import { encodeJpegLossless } from './jpeg-lossless.js';
import { encodeRle } from './rle.js';
import { storages } from './storage.js';
import { transferSyntaxes } from './transfer-syntax.js';

const hu = Int16Array.from({ length: 30 }, (_, i) => ((i * 997) % 4096) - 1024);
hu[29] = 3071;

function slice(
  variant: Partial<
    Pick<CtSlice, 'syntax' | 'storage' | 'outside' | 'rows' | 'columns' | 'hu'>
  >,
) {
  return encodeCtSlice({
    ...headerOfSlice,
    columns: 5,
    rows: 6,
    hu,
    ...variant,
  });
}

/** The first row is padding. */
const outside = (pixel: number): boolean => pixel < 5;

const variants = {
  'unsigned-12': { storage: storages.unsigned12 },
  'signed-16': { storage: storages.signed16 },
  'signed-12': { storage: storages.signed12 },
  'half-slope': { storage: storages.halfSlope },
  padded: { storage: storages.padded, outside },
  'padded-range': { storage: storages.paddedRange, outside },
  implicit: { syntax: transferSyntaxes.implicitLittleEndian },
  'big-endian': { syntax: transferSyntaxes.explicitBigEndian },
} as const;

/** The fixture `name`.dcm, which pydicom wrote. */
function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/${name}.dcm`, import.meta.url));
}

describe.each(Object.entries(variants))('a slice, %s', (name, variant) => {
  it('is byte for byte the file that pydicom writes', async () => {
    expect(Buffer.from(await slice(variant)).equals(fixture(name))).toBe(true);
  });

  it('is read back to the same HU and place', async () => {
    const bytes = await slice(variant);
    const header = readSliceHeader(bytes, 'slice');
    const padded = 'outside' in variant;
    expect([...readPixels(header, bytes)]).toEqual(
      [...hu].map((value, i) => (padded && outside(i) ? -1000 : value)),
    );
    expect(header).toMatchObject({
      patientId: 'PHANTOM-0007',
      manufacturer: 'CLIP-Lung phantom',
      position: [-10.5, -20, -101.25],
      pixelSpacing: [0.625, 0.625],
      sliceThickness: 1.25,
    });
  });
});

describe('deflate', () => {
  it('is what zlib inflates to the same bytes', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'cd'),
      maxLength: 900,
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), text), (data) => {
        const bytes = Buffer.from(data);
        expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true);
      }),
    );
    // Matches that are far apart, long, and over the window.
    const far = new Uint8Array(70_000);
    far.set([1, 2, 3, 4], 0);
    far.set([1, 2, 3, 4], 32_768);
    far.set([1, 2, 3, 4], 69_990);
    expect(inflateRawSync(deflate(far)).equals(far)).toBe(true);
    expect(deflate(far).length).toBeLessThan(1000);
  });

  it('holds a slice, which is read back', async () => {
    const bytes = await slice({ syntax: transferSyntaxes.deflated });
    expect(bytes.length % 2).toBe(0);
    const inflate = (data: Uint8Array): Uint8Array => inflateRawSync(data);
    const header = readSliceHeader(bytes, 'slice', { inflate });
    expect(header.syntax.uid).toBe('1.2.840.10008.1.2.1.99');
    // The meta group has 12 bytes of its own, and as many as the first of them says.
    const start = 144 + new DataView(bytes.buffer).getUint32(140, true);
    const plain = await slice({});
    const plainStart = 144 + new DataView(plain.buffer).getUint32(140, true);
    expect(
      inflateRawSync(bytes.subarray(start)).equals(plain.subarray(plainStart)),
    ).toBe(true);
  });
});

/** Undoes Annex G of PS3.5, written from the standard's pseudocode. @returns little-endian pixels */
function decodeRle(frame: Uint8Array, pixels: number): number[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const count = view.getUint32(0, true);
  const ends = Array.from({ length: count }, (_, i) =>
    i + 1 < count ? view.getUint32(8 + 4 * i, true) : frame.length,
  );
  const planes = ends.map((end, segment) => {
    const plane: number[] = [];
    let at = view.getUint32(4 + 4 * segment, true);
    while (plane.length < pixels && at < end) {
      const n = view.getInt8(at++);
      if (n >= 0) {
        plane.push(...frame.subarray(at, at + n + 1));
        at += n + 1;
      } else if (n > -128) {
        plane.push(...Array.from({ length: 1 - n }, () => frame[at] ?? NaN));
        at++;
      }
    }
    // Only the pad to an even length may be left.
    expect(end - at).toBeLessThanOrEqual(1);
    return plane;
  });
  const [high = [], low = []] = planes;
  return low.flatMap((value, i) => [value, high[i] ?? NaN]);
}

describe('encodeRle', () => {
  it('is undone by a decoder, for runs and literals of any length', () => {
    const pixel = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0, 1, 256) },
      fc.nat(65535),
    );
    const rows = fc.integer({ min: 1, max: 3 });
    const image = fc
      .tuple(fc.integer({ min: 1, max: 300 }), rows)
      .chain(([columns, height]) =>
        fc.tuple(
          fc.constant(columns),
          fc.array(pixel, {
            minLength: columns * height,
            maxLength: columns * height,
          }),
        ),
      );
    fc.assert(
      fc.property(image, ([columns, values]) => {
        const bytes = values.flatMap((value) => [value & 255, value >> 8]);
        const coded = encodeRle(Uint8Array.from(bytes), columns);
        expect(coded.length % 2).toBe(0);
        expect(decodeRle(coded, values.length)).toEqual(bytes);
      }),
    );
  });

  it('takes two bytes for up to 128 equal ones', () => {
    expect(encodeRle(new Uint8Array(2 * 256), 256)).toHaveLength(64 + 2 * 4);
  });

  it('is the value of an encapsulated element, as pydicom encodes it', async () => {
    // pydicom splits runs where it likes: only what is around the fragment must be the same.
    const bytes = await slice({ syntax: transferSyntaxes.rleLossless });
    const expected = fixture('rle');
    const start = expected.indexOf(Buffer.of(0xe0, 0x7f, 0x10, 0x00));
    expect(
      Buffer.from(bytes)
        .subarray(0, start + 28)
        .equals(expected.subarray(0, start + 28)),
    ).toBe(true);
    const length = new DataView(bytes.buffer).getUint32(start + 28, true);
    expect(bytes.length).toBe(start + 32 + length + 8);
    expect(bytes.subarray(start + 32 + length)).toEqual(
      Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0),
    );
    const frame = bytes.subarray(start + 32, start + 32 + length);
    expect(decodeRle(frame, 30)).toEqual([...new Uint8Array(hu.buffer)]);
  });
});

describe('compressed slices', () => {
  const compressions = ['jpegLossless', 'jpegLs', 'jpeg2000'] as const;
  const lossless = compressions.flatMap((syntax) =>
    (['unsigned12', 'signed16', 'signed12', 'halfSlope'] as const).map(
      (storage) => [syntax, storage] as const,
    ),
  );

  /** The encoders take no images below 32 × 32. */
  const large = {
    rows: 36,
    columns: 33,
    hu: Int16Array.from(
      { length: 36 * 33 },
      (_, i) => 500 + Math.round(400 * Math.sin(i / 40)) + ((i * 997) % 61),
    ),
  };

  it.each(lossless)('%s of %s are read back as they were', async (...names) => {
    const [syntax, storage] = names;
    const bytes = await slice({
      syntax: transferSyntaxes[syntax],
      storage: storages[storage],
      ...large,
    });
    expect(bytes.length % 2).toBe(0);
    const header = readSliceHeader(bytes, 'slice');
    expect([...(await decodePixels(header, bytes))]).toEqual([...large.hu]);
  });

  it('jpegBaseline is near what it was, as far as 8 bits reach', async () => {
    const bytes = await slice({
      syntax: transferSyntaxes.jpegBaseline,
      storage: storages.unsigned8,
      ...large,
    });
    const read = await decodePixels(readSliceHeader(bytes, 'slice'), bytes);
    const errors = [...large.hu].map((value, i) =>
      Math.abs(Math.min(value, 1016) - (read[i] ?? NaN)),
    );
    // Steps of 8 HU, and what is lost of an image of noise alone.
    expect(Math.max(...errors)).toBeLessThan(100);
  });

  it('in lossless JPEG hold any pixels', async () => {
    const image = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([rows, columns]) =>
        fc.record({
          rows: fc.constant(rows),
          columns: fc.constant(columns),
          values: fc.array(
            fc.oneof(fc.nat(65535), fc.constantFrom(0, 65535, 32768)),
            {
              minLength: rows * columns,
              maxLength: rows * columns,
            },
          ),
        }),
      );
    await fc.assert(
      fc.asyncProperty(image, async ({ rows, columns, values }) => {
        const pixels = new Uint8Array(Uint16Array.from(values).buffer);
        const coded = encodeJpegLossless({
          pixels,
          rows,
          columns,
          precision: 16,
        });
        expect(await decodeJpegLossless(coded, rows, columns)).toEqual(values);
      }),
    );
  });
});

/** Decodes by way of a file that holds the image. */
async function decodeJpegLossless(
  image: Uint8Array,
  rows: number,
  columns: number,
): Promise<readonly number[]> {
  const file = await slice({ syntax: transferSyntaxes.jpegLossless });
  const header = readSliceHeader(file, 'slice');
  const value = encapsulate(image);
  const { offset } = header.format;
  const bytes = new Uint8Array(offset + value.length);
  bytes.set(value, offset);
  const format = {
    ...header.format,
    rows,
    columns,
    signed: false,
    rescale: { kind: 'stated', slope: 1, intercept: 0 } as const,
    bitsStored: 16,
    highBit: 15,
  };
  return [...(await decodePixels({ ...header, format }, bytes))];
}

it('keeps HU within what 12 bits hold', () => {
  expect([-3000, -0.6, 12.4, 9000].map(toHounsfield)).toEqual([
    -1024, -1, 12, 3071,
  ]);
});

it('writes decimal strings of at most 16 characters', () => {
  expect([-41.6, -1 / 3, 1e-9, 123456.78].map(decimal)).toEqual([
    '-41.6',
    '-0.3333',
    '0',
    '123456.78',
  ]);
});
