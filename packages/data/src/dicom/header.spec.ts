import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { storedHash } from '../../test/stored-hash.js';
import { fixture, jsonFixture, sliceFile } from '../../test/synthetic.js';
import { DicomError, UnsupportedSyntaxError } from '../errors.js';
import { inflate } from '../node/series/slice-file.js';
import { readHeader, readSliceHeader } from './header.js';
import { parseElements } from './parse.js';
import { readPixels } from './pixels.js';

const real = fileURLToPath(
  new URL('../../../../../shared/dicom/', import.meta.url),
);

interface RealPixels {
  readonly syntax: string;
  readonly sha256: string;
  readonly [header: string]: unknown;
}

/** The bytes that a header's offsets count in. */
function inflated(bytes: Uint8Array, file: string): Uint8Array {
  const source = { bytes, file, fileSize: bytes.length };
  return parseElements(source, { inflate })?.bytes ?? bytes;
}

describe.skipIf(!existsSync(real))(
  `real files (skipped where ${real} is absent)`,
  () => {
    it('reads headers and pixels as pydicom does', async () => {
      const expected =
        await jsonFixture<Record<string, RealPixels>>('pixels.json');
      expect(Object.keys(expected)).toHaveLength(8);
      for (const [
        name,
        { syntax, sha256, rows, columns, frames, ...header },
      ] of Object.entries(expected)) {
        const bytes = readFileSync(real + name);
        const slice = readSliceHeader(bytes, name, { inflate });
        expect(slice).toMatchObject({
          ...header,
          syntax: { uid: syntax },
          format: { rows, columns, frames },
        });
        expect(await storedHash(slice, inflated(bytes, name)), name).toBe(
          sha256,
        );
      }
    });

    it('needs no more than the start of a file for its header', () => {
      const name = 'CT1_UNC.implicit_little_endian.dcm';
      const bytes = readFileSync(real + name);
      const start = {
        bytes: bytes.subarray(0, 16 * 1024),
        file: name,
        fileSize: bytes.length,
      };
      expect(readHeader(start)?.slice?.()).toEqual(
        readSliceHeader(bytes, name),
      );
    });
  },
);

describe('readSliceHeader and readPixels', () => {
  it.each([
    'implicit',
    'explicit',
    'big-endian',
    'deflated',
    'padding',
    'unsigned',
    'signed-12',
    'unsigned-12',
    'high-bit',
    'bytes',
    'bytes-words',
    'bytes-words-big-endian',
    'bytes-big-endian',
    'padding-unsigned-vr',
    'padding-signed-vr',
    'padding-12-signed',
    'padding-12-signed-unsigned-vr',
    'padding-12-unsigned-signed-vr',
    'padding-range-unsigned-vr',
  ])('reads %s pixels as pydicom does', async (name) => {
    const expected = (
      await jsonFixture<Record<string, number[]>>('formats.json')
    )[name];
    const bytes = await fixture(`formats/${name}.dcm`);
    const slice = readSliceHeader(bytes, name, { inflate });
    expect([...readPixels(slice, inflated(bytes, name))]).toEqual(expected);
  });

  it('refuses a deflated file without a way to inflate it', async () => {
    const bytes = await fixture('formats/deflated.dcm');
    expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
      /a\.dcm: is deflated/,
    );
  });

  it('refuses a transfer syntax that nobody knows', () => {
    const bytes = Buffer.from(sliceFile());
    bytes.write(
      '1.2.840.113619.5.2\0',
      bytes.indexOf('1.2.840.10008.1.2.1'),
      'latin1',
    );
    expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
      UnsupportedSyntaxError,
    );
    expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
      /1\.2\.840\.113619\.5\.2/,
    );
  });

  it('refuses pixels that are fewer than rows and columns say, or as many as another image has', () => {
    for (const pixelBytes of [24 * 24 * 2 - 2, 0, 2 * 24 * 24 * 2]) {
      const bytes = sliceFile({ pixelBytes });
      expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(DicomError);
      expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
        /24 rows × 24 columns of 16 bits take 1152 bytes/,
      );
    }
  });

  it('refuses values that are no numbers', () => {
    const bytes = Buffer.from(sliceFile({ position: [0, 0, 111] }));
    bytes.write('1e!', bytes.indexOf('111'), 'latin1');
    expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
      /Image Position \(Patient\) is "0\\0\\1e!", expected 3 numbers/,
    );
  });

  it('reads from the start of a file what it reads from all of it, or asks for more', async () => {
    const files = await Promise.all(
      ['implicit', 'explicit', 'big-endian', 'deflated'].map((name) =>
        fixture(`formats/${name}.dcm`),
      ),
    );
    for (const whole of files) {
      const expected = readSliceHeader(whole, 'a.dcm', { inflate });
      let enough = 0;
      for (let length = 0; length <= whole.length; length++) {
        const bytes = whole.subarray(0, length);
        const start = { bytes, file: 'a.dcm', fileSize: whole.length };
        const slice = readHeader(start, { inflate })?.slice?.();
        if (slice === undefined) continue;
        expect(slice).toEqual(expected);
        enough += 1;
      }
      expect(enough).toBeGreaterThan(0);
    }
  });

  it('refuses a file that is cut short anywhere', async () => {
    for (const file of [
      Buffer.from(sliceFile({ rows: 4, columns: 4 })),
      await fixture('formats/implicit.dcm'),
      await fixture('formats/deflated.dcm'),
    ]) {
      for (let length = 0; length < file.length; length++) {
        const bytes = file.subarray(0, length);
        expect(
          () => readSliceHeader(bytes, 'a.dcm', { inflate }),
          `${length} bytes`,
        ).toThrow(DicomError);
      }
    }
  });

  it('reads or refuses a file with damaged bytes, and never hangs', async () => {
    const files = [
      Buffer.from(sliceFile({ rows: 4, columns: 4 })),
      await fixture('formats/implicit.dcm'),
      await fixture('formats/big-endian.dcm'),
      await fixture('formats/deflated.dcm'),
    ];
    const change = fc.record({ at: fc.nat(), value: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.nat(files.length - 1),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        (which, changes, cut) => {
          const whole = files[which] ?? Buffer.alloc(0);
          const bytes = Buffer.from(
            cut % 2 === 0 ? whole : whole.subarray(0, cut % whole.length),
          );
          for (const { at, value } of changes)
            if (bytes.length > 132)
              bytes[132 + (at % (bytes.length - 132))] = value;
          try {
            const slice = readSliceHeader(bytes, 'a.dcm', { inflate });
            const { rows, columns } = slice.format;
            expect(readPixels(slice, inflated(bytes, 'a.dcm'))).toHaveLength(
              rows * columns,
            );
          } catch (error) {
            expect(error).toBeInstanceOf(DicomError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
