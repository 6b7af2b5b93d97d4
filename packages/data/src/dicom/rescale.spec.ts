import { describe, expect, it } from 'vitest';

import { type ElementValue, sliceFile, uint16 } from '../../test/synthetic.js';
import { DicomError } from '../errors.js';
import { readSliceHeader } from './header.js';
import { readPixels } from './pixels.js';

type Changes = Readonly<Record<string, ElementValue | null>>;

const absent: Changes = { '00281052': null, '00281053': null };
const unsigned: Changes = { '00280103': ['US', uint16(0)] };
const slope = (text: string): Changes => ({ '00281053': ['DS', text] });
const intercept = (text: string): Changes => ({ '00281052': ['DS', text] });
const type = (text: string): Changes => ({ '00281054': ['LO', text] });

function read(elements: Changes) {
  const bytes = sliceFile({ rows: 2, columns: 2, stored: () => 24, elements });
  const header = readSliceHeader(bytes, 'a.dcm');
  return { header, hu: () => readPixels(header, bytes)[0] };
}

describe('the rescaling of a slice', () => {
  it.each([
    ['as it says', {}, -1000],
    ['a slope', slope('0.5'), -1012],
    ['a negative slope, as the standard lets it be', slope('-1'), -1048],
    ['an exponent', intercept('-1.024E3'), -1000],
    ['Rescale Type HU', type('HU'), -1000],
    ['Rescale Type in other letters', type('hounsfield units'), -1000],
    ['an empty Rescale Type', type(''), -1000],
    ['an empty Modality LUT Sequence', { '00283000': ['SQ', ''] }, -1000],
  ] satisfies [string, Changes, number][])(
    'is read: %s',
    (_, elements, expected) => {
      const { header, hu } = read(elements);
      expect(hu()).toBe(expected);
      expect(header.format.rescale.kind).toBe('stated');
      expect(header.notes).toEqual([]);
    },
  );

  it.each([
    [
      'neither, and unsigned pixels',
      { ...absent, ...unsigned },
      /^a\.dcm: has neither Rescale Slope nor Rescale Intercept, and unsigned pixels/,
    ],
    [
      'no intercept',
      { '00281052': null },
      /has a Rescale Slope, but no Rescale Intercept/,
    ],
    [
      'an empty intercept',
      intercept(' '),
      /has a Rescale Slope, but no Rescale Intercept/,
    ],
    [
      'no slope',
      { '00281053': null },
      /has a Rescale Intercept, but no Rescale Slope/,
    ],
    [
      'a slope of 0',
      slope('0'),
      /Rescale Slope 0 and the Rescale Intercept -1024, by which/,
    ],
    [
      'a slope that is no number',
      slope('1 HU'),
      /has the Rescale Slope "1 HU", expected a number/,
    ],
    ['a slope that is not finite', slope('1e999'), /Rescale Slope "1e999"/],
    ['a slope of infinity', slope('Infinity'), /Rescale Slope "Infinity"/],
    ['a slope beyond reason', slope('1e30'), /Rescale Slope 1e\+30/],
    ['two slopes', slope('1\\1'), /Rescale Slope "1\\1"/],
    ['a comma', intercept('-1024,0'), /Rescale Intercept "-1024,0"/],
    ['a hexadecimal number', intercept('0x400'), /Rescale Intercept "0x400"/],
    ['NaN', intercept('NaN'), /Rescale Intercept "NaN"/],
    [
      'numbers in binary, which begin as an empty text does',
      {
        '00281052': ['FL', Buffer.from('000080c4', 'hex')],
        '00281053': ['FL', Buffer.from('0000803f', 'hex')],
      },
      /has the Rescale Slope "\[FL\]", expected a number/,
    ],
    [
      'no HU below 0',
      { ...unsigned, ...intercept('0') },
      /unsigned pixels of 16 bits hold 0 to 65535 HU/,
    ],
    ['air only', intercept('-1000000'), /hold -1032768 to -967233 HU/],
    [
      'another unit',
      type('HU_MOD'),
      /has the Rescale Type "HU_MOD", expected HU/,
    ],
    [
      'a Modality LUT Sequence',
      { '00283000': ['SQ', Buffer.from('feff00e000000000', 'hex')] },
      /has a Modality LUT Sequence/,
    ],
  ] satisfies [string, Changes, RegExp][])(
    'is not guessed: %s',
    (_, elements, problem) => {
      const { header, hu } = read(elements);
      expect(header.format.rescale.kind).toBe('unknown');
      expect(hu).toThrow(DicomError);
      expect(hu).toThrow(problem);
    },
  );

  it('is taken as none where signed pixels have neither, with a note', () => {
    const { header, hu } = read(absent);
    expect(hu()).toBe(24);
    expect(header.format.rescale).toEqual({
      kind: 'assumed',
      slope: 1,
      intercept: 0,
    });
    expect(header.notes.map(({ code }) => code)).toEqual(['rescale-assumed']);
  });

  it('is noted where its type is unspecified', () => {
    const { header, hu } = read(type('US'));
    expect(hu()).toBe(-1000);
    expect(header.notes.map(({ code }) => code)).toEqual([
      'rescale-type-unspecified',
    ]);
  });
});
