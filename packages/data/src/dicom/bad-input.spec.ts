import { describe, expect, it } from 'vitest';

import { fixture, sliceFile } from '../../test/synthetic.js';
import { DicomError } from '../errors.js';
import { decodePixels } from './decode.js';
import { readSliceHeader } from './header.js';

/** A slice with bytes put in before its Rows (0028,0010). */
function sliceWith(inserted: Buffer): Buffer {
  const slice = Buffer.from(sliceFile({ rows: 4, columns: 4 }));
  const at = slice.indexOf(Buffer.from('280010005553', 'hex'));
  return Buffer.concat([slice.subarray(0, at), inserted, slice.subarray(at)]);
}

/** Referenced Image Sequences of one item each, one inside of the other. */
function nested(depth: number, closed: boolean): Buffer {
  const open = Buffer.from(
    '080040115351' + '0000' + 'ffffffff' + 'feff00e0' + 'ffffffff',
    'hex',
  );
  const close = Buffer.from(
    'feff0de0' + '00000000' + 'feffdde0' + '00000000',
    'hex',
  );
  const parts = Array.from({ length: depth }, () => open);
  return Buffer.concat([...parts, ...(closed ? parts.map(() => close) : [])]);
}

describe('hostile DICOM files', () => {
  it.each([1000, 200_000])(
    'reads or refuses sequences nested %d deep',
    (depth) => {
      for (const closed of [true, false]) {
        const bytes = sliceWith(nested(depth, closed));
        try {
          expect(readSliceHeader(bytes, 'deep.dcm').format.rows).toBe(4);
          expect(closed).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DicomError);
          expect(String(error)).toContain('deep.dcm: ');
        }
      }
    },
  );

  it('refuses elements that claim to reach beyond the file', () => {
    for (const [vr, length] of [
      ['554e0000', 'f0ffff7f'],
      ['53510000', 'feffffff'],
      ['4f420000', '00ffff00'],
    ] as const) {
      const bytes = sliceWith(Buffer.from(`09001010${vr}${length}`, 'hex'));
      expect(() => readSliceHeader(bytes, 'long.dcm'), vr).toThrow(DicomError);
      expect(() => readSliceHeader(bytes, 'long.dcm'), vr).toThrow(
        /^long\.dcm: /,
      );
    }
  });

  it('refuses items of compressed pixels that claim to reach beyond the file', async () => {
    const bytes = await fixture('compressed/jpeg-ls.dcm');
    const header = readSliceHeader(bytes, 'long.dcm');
    for (const length of [0xfffffffe, 0x7ffffff0, bytes.length]) {
      const hostile = Buffer.from(bytes);
      hostile.writeUInt32LE(length, header.format.offset + 4);
      await expect(decodePixels(header, hostile)).rejects.toThrow(
        /^long\.dcm: is cut short: an item of compressed pixels ends at byte/,
      );
    }
  });

  it.each(['series', 'sop'])('refuses a path as the UID of a %s', (which) => {
    const bytes = sliceFile({ [which]: '../../etc/passwd' });
    expect(() => readSliceHeader(bytes, 'path.dcm')).toThrow(DicomError);
    expect(() => readSliceHeader(bytes, 'path.dcm')).toThrow(
      /^path\.dcm: .* is "\.\.\/\.\.\/etc\/passwd", expected a UID of digits and dots/,
    );
  });

  it('refuses rows and columns without pixels for them', () => {
    for (const [rows, columns] of [
      [16_384, 16_384],
      [65_535, 65_535],
      [0, 512],
    ] as const) {
      const bytes = sliceFile({ rows, columns, pixelBytes: 64 });
      expect(() => readSliceHeader(bytes, 'huge.dcm')).toThrow(/^huge\.dcm: /);
    }
  });
});
