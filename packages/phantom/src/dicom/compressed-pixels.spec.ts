import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

import { decodePixels, readSliceHeader } from '@clip-lung/data';
import { describe, expect, it } from 'vitest';

import { headerOfSlice } from '../../test/header-of-slice.js';
import { encodeCtSlice } from './ct-slice.js';
import { storages } from './storage.js';
import { transferSyntaxes } from './transfer-syntax.js';

const rows = 36;
const columns = 33;

/**
 * The image that tools/reference/phantom_codecs.py wrote in each syntax, and had decoders of other makers decode: a
 * slope, noise, and flat parts with jumps over the whole range.
 */
const hu = Int16Array.from({ length: rows * columns }, (_, i) => {
  const row = Math.floor(i / columns);
  const column = i % columns;
  if (row < 16) return -900 + 20 * column + 8 * row;
  if (row < 26) return ((i * i * 31 + i * 997) % 4096) - 1024;
  return Math.floor(column / 8) % 2 === 0 ? -1024 : 3071;
});

const { deflated, jpegBaseline, jpegLossless, jpegLs, jpeg2000, rleLossless } =
  transferSyntaxes;
const { signed16, unsigned12, unsigned8 } = storages;

const lossless = {
  deflated: { syntax: deflated, storage: signed16 },
  'rle-unsigned': { syntax: rleLossless, storage: unsigned12 },
  'rle-signed': { syntax: rleLossless, storage: signed16 },
  'jpeg-lossless-unsigned': { syntax: jpegLossless, storage: unsigned12 },
  'jpeg-lossless-signed': { syntax: jpegLossless, storage: signed16 },
  'jpeg-ls-unsigned': { syntax: jpegLs, storage: unsigned12 },
  'jpeg-ls-signed': { syntax: jpegLs, storage: signed16 },
  'jpeg-2000-unsigned': { syntax: jpeg2000, storage: unsigned12 },
  'jpeg-2000-signed': { syntax: jpeg2000, storage: signed16 },
} as const;
const variants = {
  ...lossless,
  'jpeg-baseline': { syntax: jpegBaseline, storage: unsigned8 },
} as const;

interface Verified {
  /** those that decoded the file, and agreed */
  readonly decoders: readonly string[];
  /** of the HU as little-endian int16 */
  readonly sha256: string;
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
}

const verified = JSON.parse(String(fixture('compressed.json'))) as Readonly<
  Record<string, Verified>
>;

function sha256(values: Int16Array): string {
  const bytes = Buffer.from(
    values.buffer,
    values.byteOffset,
    2 * values.length,
  );
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each(Object.entries(variants))('a slice as %s', (name, variant) => {
  // A codec of another version may write other bytes: the script writes them anew, and checks them.
  it('is byte for byte the file that decoders of other makers decoded', async () => {
    const bytes = await encodeCtSlice({
      ...headerOfSlice,
      columns,
      rows,
      hu,
      ...variant,
    });
    expect(Buffer.from(bytes).equals(fixture(`compressed/${name}.dcm`))).toBe(
      true,
    );
    expect(verified[name]?.decoders.length).toBeGreaterThanOrEqual(3);
  });

  it('is read to the HU that those decoders found', async () => {
    const bytes = fixture(`compressed/${name}.dcm`);
    let whole: Uint8Array = bytes;
    const inflate = (data: Uint8Array): Uint8Array => {
      const inflated = inflateRawSync(data);
      const head = bytes.subarray(0, bytes.length - data.length);
      whole = Buffer.concat([head, inflated]);
      return inflated;
    };
    const header = readSliceHeader(bytes, name, { inflate });
    const read = await decodePixels(header, whole);
    expect(sha256(Int16Array.from(read))).toBe(verified[name]?.sha256);
  });
});

it.each(Object.keys(lossless))('%s holds the image without loss', (name) => {
  expect(verified[name]?.sha256).toBe(sha256(hu));
});
