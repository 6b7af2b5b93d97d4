import { describe, expect, it } from 'vitest';

import { type ElementValue, sliceFile, uint16 } from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { SeriesError } from '../errors.js';
import { seriesOf } from './series.js';

type Changes = Readonly<Record<string, ElementValue | null>>;

const count = 8;

/** A series of which slice k has the elements that `changes(k)` gives. */
function series(changes: (k: number) => Changes) {
  return seriesOf(
    Array.from({ length: count }, (_, k) =>
      readSliceHeader(
        sliceFile({
          rows: 2,
          columns: 2,
          sop: `1.2.3.${k}`,
          position: [0, 0, k],
          elements: changes(k),
        }),
        `${k}.dcm`,
      ),
    ),
  );
}

const absent: Changes = { '00281052': null, '00281053': null };
const lone =
  (changes: Changes) =>
  (k: number): Changes =>
    k === 4 ? changes : {};

describe('a series', () => {
  it.each([
    [
      'no rescaling',
      { ...absent, '00280103': ['US', uint16(0)] },
      /4\.dcm has neither Rescale Slope nor Rescale Intercept, and unsigned pixels.*; 1 of 8 slices cannot be read as HU/,
    ],
    [
      'no intercept',
      { '00281052': null },
      /4\.dcm has a Rescale Slope, but no Rescale Intercept; 1 of 8/,
    ],
    [
      'no rescaling, of signed pixels',
      absent,
      /for no reason that the headers show: 1 of 8 slices, such as 4\.dcm, have neither Rescale Slope nor Intercept; 7, such as 0\.dcm, have the Rescale Slope 1 and Intercept -1024/,
    ],
    [
      'another intercept',
      { '00281052': ['DS', '0'] },
      /1 of 8 slices, such as 4\.dcm, have the Rescale Slope 1 and Intercept 0/,
    ],
    [
      'another slope',
      { '00281053': ['DS', '2'] },
      /1 of 8 slices, such as 4\.dcm, have the Rescale Slope 2/,
    ],
  ] satisfies [string, Changes, RegExp][])(
    'is refused for one slice with %s',
    (_, changes, problem) => {
      expect(() => series(lone(changes))).toThrow(SeriesError);
      expect(() => series(lone(changes))).toThrow(problem);
    },
  );

  it('is refused where two halves differ', () => {
    expect(() =>
      series((k) => ({ '00281052': ['DS', k % 2 === 0 ? '-1024' : '0'] })),
    ).toThrow(
      /differ in how they become HU, for no reason that the headers show: 4 of 8 slices/,
    );
  });

  it('is read with a warning where each slice has a slope of its own', () => {
    const slopes = series((k) => ({ '00281053': ['DS', String(1 + k / 10)] }));
    expect(slopes.warnings).toMatchObject([
      { code: 'rescale-varies', file: '0.dcm' },
    ]);
  });

  it('is read with warnings where each storage has its own rescaling', () => {
    const unsigned: Changes = { '00280103': ['US', uint16(0)] };
    const codes = (changes: Changes) =>
      series(lone(changes)).warnings.map(({ code }) => code);
    expect(codes({ ...unsigned, '00281052': ['DS', '-1000'] })).toEqual([
      'rescale-varies',
      'storage-varies',
    ]);
    expect(codes(unsigned)).toEqual(['storage-varies']);
  });

  it('is the same where numbers were rounded', () => {
    const rounded: Changes = {
      '00281052': ['DS', '-1024.0001'],
      '00281053': ['DS', '0.99999'],
    };
    expect(series(lone(rounded)).warnings).toEqual([]);
  });

  it('has one warning of a kind, however many of its slices have a note', () => {
    const thick: Changes = { '00180050': ['DS', '1 mm'] };
    expect(series(() => ({ ...thick, ...absent })).warnings).toEqual([
      {
        code: 'rescale-assumed',
        file: '0.dcm',
        message:
          'has neither Rescale Slope nor Rescale Intercept; its signed pixels are taken as HU (8 of 8 slices of its series)',
      },
      {
        code: 'slice-thickness-ignored',
        file: '0.dcm',
        message:
          'its Slice Thickness is "1 mm", expected millimetres, over 0 and up to 50; it is ignored (8 of 8 slices of its series)',
      },
    ]);
    expect(series(lone(thick)).warnings).toMatchObject([
      {
        file: '4.dcm',
        message: expect.stringContaining('(1 of 8 slices') as string,
      },
    ]);
  });

  it('is refused for several frames before anything is said of where they lie', () => {
    const enhanced: Changes = {
      '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.2.1'],
      '00200032': null,
      '00200037': null,
      '00280030': null,
    };
    const frames: Changes = {
      '00280008': ['IS', '2'],
      '7fe00010': ['OW', Buffer.alloc(16)],
    };
    expect(() => series(() => ({ ...enhanced, ...frames }))).toThrow(
      /0\.dcm has several frames in one file: 2, as an Enhanced CT image, and is not read: expected a file for each slice/,
    );
    const told = { '00080016': enhanced['00080016'] ?? null };
    expect(series(() => told).warnings).toEqual([]);
    expect(() => series(() => enhanced)).toThrow(
      /0\.dcm has one frame, as an Enhanced CT image, and is not read/,
    );
    expect(() => series(() => frames)).toThrow(
      /0\.dcm has several frames in one file: 2, and is not read/,
    );
  });
});
