import { describe, expect, it } from 'vitest';

import { type ElementValue, sliceFile, uint16 } from '../../test/synthetic.js';
import { DicomError } from '../errors.js';
import { readHeader, readSliceHeader } from './header.js';
import { readPixels } from './pixels.js';

type Changes = Readonly<Record<string, ElementValue | null>>;

const file = (elements: Changes, pixelBytes?: number) =>
  sliceFile({
    rows: 2,
    columns: 2,
    elements,
    ...(pixelBytes === undefined ? {} : { pixelBytes }),
  });
const read = (elements: Changes, pixelBytes?: number) =>
  readSliceHeader(file(elements, pixelBytes), 'a.dcm');

describe('an element that an image cannot be without', () => {
  it.each([
    ['00080018', 'SOP Instance UID'],
    ['0020000e', 'Series Instance UID'],
    ['00280010', 'Rows'],
    ['00280011', 'Columns'],
    ['00280100', 'Bits Allocated'],
    ['00280101', 'Bits Stored'],
    ['00280103', 'Pixel Representation'],
  ])('is asked for, absent or empty: %s, %s', (tag, name) => {
    for (const value of [null, ['UI', ''] as const]) {
      expect(() => read({ [tag]: value })).toThrow(DicomError);
      expect(() => read({ [tag]: value })).toThrow(`a.dcm: has no ${name}`);
    }
  });

  it.each([
    ['00280002', 'samples-missing'],
    ['00280102', 'high-bit-missing'],
    ['00080060', 'modality-missing'],
  ])('is missed where only one value is possible: %s, %s', (tag, code) => {
    const header = read({ [tag]: null });
    expect(header.notes.map((note) => note.code)).toEqual([code]);
    expect(header.format).toEqual({
      ...read({}).format,
      offset: header.format.offset,
    });
  });

  it.each([
    [
      { '00280103': ['US', uint16(2)] },
      /Pixel Representation is 2, expected 0/,
    ],
    [
      { '00280010': ['UL', Buffer.from('02000000', 'hex')] },
      /Rows has 4 bytes of the type UL, expected 2 of the type US/,
    ],
    [
      { '00280101': ['IS', '16'] },
      /Bits Stored has 2 bytes of the type IS, expected 2 of the type US/,
    ],
    [
      { '00280030': ['FL', Buffer.alloc(8)] },
      /Pixel Spacing is "\[FL\]", expected 2 numbers/,
    ],
    [
      { '00280101': ['US', uint16(17)] },
      /Bits Stored 17 and High Bit 15 do not fit into 16 bits/,
    ],
    [
      { '00280100': ['US', uint16(32)] },
      /Bits Allocated is 32, expected 8 or 16/,
    ],
    [{ '00280008': ['IS', '0'] }, /Number of Frames is 0/],
    [
      { '00280008': ['IS', 'two'] },
      /Number of Frames is "two", expected a number/,
    ],
    [
      { '00280002': ['US', uint16(3)], '00280004': ['CS', 'RGB'] },
      /is a colour image \(Samples per Pixel 3, Photometric Interpretation RGB\)/,
    ],
    [
      { '00280004': ['CS', 'PALETTE COLOR'] },
      /is a colour image \(Samples per Pixel 1, Photometric Interpretation PALETTE COLOR\)/,
    ],
  ] satisfies [Changes, RegExp][])('is refused: %j', (elements, problem) => {
    expect(() => read(elements)).toThrow(problem);
  });

  it('does not depend on how grey is shown', () => {
    const bytes = file({ '00280004': ['CS', 'MONOCHROME1'] });
    const header = readSliceHeader(bytes, 'a.dcm');
    expect([...readPixels(header, bytes)]).toEqual([
      -1024, -1024, -1024, -1024,
    ]);
    expect(read({ '00280004': null }).notes).toEqual([]);
  });
});

describe('pixel data', () => {
  it('may be longer than its pixels, with a note', () => {
    for (const excess of [2, 6, 10, 4094]) {
      const bytes = file({}, 8 + excess);
      const header = readSliceHeader(bytes, 'a.dcm');
      expect(header.notes).toEqual([
        {
          code: 'excess-padding',
          message: `2 rows × 2 columns of 16 bits take 8 bytes, the pixel data has ${8 + excess}; what follows the pixels is ignored`,
        },
      ]);
      expect(readPixels(header, bytes)).toHaveLength(4);
    }
  });

  it('may not be shorter, or as long as that of more images', () => {
    expect(() => read({}, 6)).toThrow(
      /is cut short: 2 rows × 2 columns of 16 bits take 8 bytes, the pixel data has 6/,
    );
    expect(() => read({}, 24)).toThrow(/has 24, 3 times as many/);
  });

  it('is told of where it is of another kind', () => {
    const floats = file({
      '7fe00010': null,
      '7fe00008': ['OF', Buffer.alloc(16)],
    });
    expect(() => readSliceHeader(floats, 'a.dcm')).toThrow(
      /^a\.dcm: holds pixels of floating-point numbers \(modality CT\)/,
    );
  });
});

describe('an element that a slice can be without', () => {
  it.each(['1.5 mm', '1,5', '-1', '1e9', 'NaN', '0x1', '1\\1', 'thin'])(
    'is passed over, with a note: the Slice Thickness %s',
    (text) => {
      const header = read({ '00180050': ['DS', text] });
      expect(header.sliceThickness).toBeNull();
      expect(header.notes).toEqual([
        {
          code: 'slice-thickness-ignored',
          message: `its Slice Thickness is "${text}", expected millimetres, over 0 and up to 50; it is ignored`,
        },
      ]);
    },
  );

  it('is not there without a note: a Slice Thickness that is absent, empty or 0', () => {
    for (const value of [null, ['DS', ''], ['DS', '0.0']] as const) {
      const header = read({ '00180050': value });
      expect([header.sliceThickness, header.notes]).toEqual([null, []]);
    }
  });
});

describe('a UID', () => {
  it.each(['1.2.3a.4F', '1.2.abc-9_1', `1.${'2'.repeat(90)}`])(
    'is taken as it is, with a note, where it cannot do harm: %s',
    (uid) => {
      const header = read({ '00080018': ['UI', uid] });
      expect(header.sopUid).toBe(uid);
      expect(header.notes.map(({ code }) => code)).toEqual(['uid-irregular']);
    },
  );

  it.each([
    '..',
    '.hidden',
    '-rf',
    'a/b',
    'a\\b',
    'C:x',
    'a b',
    'a'.repeat(129),
  ])('is refused where a file cannot be named by it: %s', (uid) => {
    expect(() => read({ '0020000e': ['UI', uid] })).toThrow(
      /Series Instance UID is ".*", expected a UID of digits and dots/,
    );
  });
});

describe('the modality', () => {
  const header = (elements: Changes) => {
    const bytes = file(elements);
    return readHeader({ bytes, file: 'a.dcm', fileSize: bytes.length });
  };

  it('is CT in small letters and with blanks, too', () => {
    for (const text of ['ct', ' CT ', 'Ct']) {
      expect(header({ '00080060': ['CS', text] })).toMatchObject({
        modality: 'CT',
        isCt: true,
      });
    }
  });

  it('is that of the SOP class where there is none', () => {
    const mr = '1.2.840.10008.5.1.4.1.1.4';
    const ct = '1.2.840.10008.5.1.4.1.1.2';
    const of = (uid: string) =>
      header({ '00080060': null, '00080016': ['UI', uid] })?.isCt;
    expect([of(mr), of(ct), of(`${ct}.1`)]).toEqual([false, true, true]);
  });
});
