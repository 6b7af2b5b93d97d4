import { join } from 'node:path';

import { decodeNpy } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { storedHash } from '../../test/stored-hash.js';
import { fixture, folderOf, jsonFixture } from '../../test/synthetic.js';
import { DicomError, UnsupportedSyntaxError } from '../errors.js';
import { readWindowOf } from '../node/series/slice-file.js';
import { decodePixels, decodeStored } from './decode.js';
import { readSliceHeader } from './header.js';

const expected = await jsonFixture<Record<string, string>>('compressed.json');
const unread = 'jpeg-extended-12';
const lossy = 'jpeg-2000-lossy';

async function file(name: string) {
  const bytes = await fixture(`compressed/${name}.dcm`);
  return { bytes, header: readSliceHeader(bytes, `${name}.dcm`) };
}

describe('decodePixels', () => {
  it.each(
    Object.keys(expected).filter((name) => name !== unread && name !== lossy),
  )('decodes %s as DCMTK and GDCM do, bit for bit', async (name) => {
    const { bytes, header } = await file(name);
    expect(await storedHash(header, bytes)).toBe(expected[name]);
  });

  it('decodes lossy JPEG 2000 as OpenJPEG does elsewhere, to one step', async () => {
    const { bytes, header } = await file(lossy);
    const stored = await decodeStored(header, bytes);
    const reference = decodeNpy(await fixture(`${lossy}.npy`), lossy);
    // The wavelet of the lossy kind is computed in floating point, whose last bit is the compiler's.
    const differences = stored.map((value, i) =>
      Math.abs(value - Number(reference.data[i])),
    );
    expect(differences).toHaveLength(40 * 36);
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });

  it('refuses JPEG of 12 bits by its syntax', async () => {
    const { bytes, header } = await file(unread);
    const failing = decodePixels(header, bytes);
    await expect(failing).rejects.toThrow(UnsupportedSyntaxError);
    await expect(failing).rejects.toThrow(
      /^jpeg-extended-12\.dcm: has JPEG pixels of 12 bits \(transfer syntax 1\.2\.840\.10008\.1\.2\.4\.51\)/,
    );
  });

  it('gives HU, and of a file only the part that is asked for', async () => {
    const { bytes, header } = await file('jpeg-ls');
    const whole = await decodePixels(header, bytes);
    expect(whole).toHaveLength(40 * 36);
    const folder = await folderOf({ 'a.dcm': bytes });
    const part = await readWindowOf(join(folder, 'a.dcm'), header, {
      x0: 3,
      x1: 10,
      y0: 5,
      y1: 9,
    });
    const same = Array.from({ length: 28 }, (_, i) => {
      const row = 5 + Math.floor(i / 7);
      return whole[row * 36 + 3 + (i % 7)];
    });
    expect([...part]).toEqual(same);
    await expect(decodePixels(header, bytes, { frame: 1 })).rejects.toThrow(
      /has 1 frames, and no frame 1/,
    );
  });

  it('keeps a decoder from writing to the console', async () => {
    const written: unknown[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((x) => {
      written.push(x);
      return true;
    });
    try {
      const { bytes, header } = await file('jpeg-2000');
      await decodePixels(header, bytes);
      await decodePixels(header, bytes);
    } finally {
      write.mockRestore();
    }
    expect(written).toEqual([]);
  });

  it.each(['jpeg-baseline', 'jpeg-ls', 'jpeg-2000'])(
    'decodes after damaged images what it decodes before them: %s',
    async (name) => {
      const { bytes, header } = await file(name);
      const before = await decodePixels(header, bytes);
      const { offset } = header.format;
      for (let seed = 1; seed <= 40; seed++) {
        const damaged = Buffer.from(bytes);
        const from = offset + Math.floor((seed / 41) * (bytes.length - offset));
        for (let at = from; at < bytes.length - 8; at += 3) {
          damaged[at] = (at * 73 + seed * 151) % 256;
        }
        await decodePixels(header, damaged).catch((error: unknown) => {
          expect(error).toBeInstanceOf(DicomError);
        });
        expect(await decodePixels(header, bytes)).toEqual(before);
      }
    },
  );

  it('refuses an image of another size than the header says, before decoding it', async () => {
    for (const name of ['jpeg-2000', 'jpeg-ls', 'jpeg-lossless']) {
      const { bytes, header } = await file(name);
      const hostile = Buffer.from(bytes);
      const at =
        name === 'jpeg-2000'
          ? hostile.indexOf(Buffer.from('ff4fff51', 'hex')) + 8
          : hostile.indexOf(
              Buffer.from(name === 'jpeg-ls' ? 'fff7' : 'ffc3', 'hex'),
            ) + 5;
      hostile.writeUInt16BE(0xffff, at);
      await expect(decodePixels(header, hostile), name).rejects.toThrow(
        /has 40 rows × 36 columns; the compressed image has \d{2,} × \d{2,}/,
      );
    }
  });

  it('reads or refuses damaged and shortened images, and never hangs', async () => {
    const names = ['rle-signed', 'rle-byte', 'jpeg-baseline', 'jpeg-lossless'];
    const files = await Promise.all(
      [...names, 'jpeg-ls', 'jpeg-2000'].map(file),
    );
    const change = fc.record({ at: fc.nat(), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(files.length - 1),
        fc.array(change, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (which, changes, cut) => {
          const { bytes, header } = files[which] ?? (await file('rle-byte'));
          const { offset } = header.format;
          const end = bytes.length - offset;
          const damaged = Buffer.from(
            cut
              ? bytes.subarray(0, offset + ((changes[0]?.at ?? 0) % end))
              : bytes,
          );
          for (const { at, value } of changes) {
            if (damaged.length > offset) {
              damaged[offset + (at % (damaged.length - offset))] = value;
            }
          }
          try {
            expect(await decodePixels(header, damaged)).toHaveLength(40 * 36);
          } catch (error) {
            expect(error).toBeInstanceOf(DicomError);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  it('refuses every RLE image that is cut short', async () => {
    const { bytes, header } = await file('rle-signed');
    const { offset } = header.format;
    // After the offset table, an item that may be empty.
    const item = offset + 8 + bytes.readUInt32LE(offset + 4);
    const size = bytes.readUInt32LE(item + 4);
    expect(size).toBeLessThan(bytes.length);
    for (let kept = 0; kept < size; kept += 2) {
      const short = Buffer.concat([
        bytes.subarray(0, item + 8 + kept),
        Buffer.from('feffdde000000000', 'hex'),
      ]);
      short.writeUInt32LE(kept, item + 4);
      const decoding = decodePixels(header, short);
      // The last byte may be there only to make the length even.
      if (kept >= size - 2) await decoding.catch(() => undefined);
      else await expect(decoding, `${kept} bytes`).rejects.toThrow(DicomError);
    }
  });
});
