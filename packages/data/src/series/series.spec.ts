import { describe, expect, it } from 'vitest';

import { sliceFile, type SliceOptions } from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { SeriesError } from '../errors.js';
import { patientPoint, volumePoint } from './geometry.js';
import { sliceFinder } from './match.js';
import { indexOfPosition, positionOfIndex } from './positions.js';
import { seriesOf } from './series.js';

function slices(...list: readonly SliceOptions[]) {
  return list.map((options, i) =>
    readSliceHeader(
      sliceFile({ sop: `1.2.3.${i}`, rows: 4, columns: 6, ...options }),
      `${i}.dcm`,
    ),
  );
}

const heights = (...z: readonly number[]) =>
  slices(...z.map((height) => ({ position: [1, 2, height] })));

describe('seriesOf', () => {
  it('sorts slices along the normal, whatever their order and direction', () => {
    const up = seriesOf(heights(5, 1, 3));
    expect(up.slices.map(({ file }) => file)).toEqual([
      '1.dcm',
      '2.dcm',
      '0.dcm',
    ]);
    expect(up).toMatchObject({
      spacing: 2,
      sliceThickness: 1,
      rows: 4,
      columns: 6,
      warnings: [],
    });
    // Rows that rise towards the front: the normal points to the feet.
    const down = seriesOf(
      slices(
        ...[5, 1, 3].map((z) => ({
          position: [1, 2, z],
          orientation: [1, 0, 0, 0, -1, 0],
        })),
      ),
    );
    expect(down.slices.map(({ file }) => file)).toEqual([
      '0.dcm',
      '2.dcm',
      '1.dcm',
    ]);
    expect(sliceFinder(down).slice({ z: 1, sopUid: '' })).toBe(2);
  });

  it('leaves out localisers, and what is oriented otherwise than most, wherever they are', () => {
    // A localiser may be oriented as the slices are, and be of another size.
    const localizer: SliceOptions = {
      imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
      rows: 9,
    };
    const sagittal: SliceOptions = {
      position: [50, 0, 0],
      orientation: [0, 1, 0, 0, 0, -1],
      spacing: [3, 3],
    };
    const axial = [0, 1, 2, 4].map((z) => ({ position: [0, 0, z] }));
    const list: SliceOptions[] = [localizer, sagittal, ...axial];
    for (let turn = 0; turn < list.length; turn++) {
      const turned = [...list.slice(turn), ...list.slice(0, turn)];
      const { positions, rows, warnings } = seriesOf(slices(...turned));
      expect(positions).toEqual([0, 1, 2, 4]);
      expect(rows).toBe(4);
      const place = (slice: SliceOptions) => `${turned.indexOf(slice)}.dcm`;
      const found = warnings.map(({ code, file }) => [code, file]);
      expect(found.filter(([code]) => code !== 'slice-gap')).toEqual([
        ['localizer', place(localizer)],
        ['other-orientation', place(sagittal)],
      ]);
    }
  });

  it('turns voxel indices into patient coordinates and back', () => {
    const series = seriesOf(
      slices(
        ...[0, 2, 5].map((z) => ({
          position: [10, 20, z],
          spacing: [0.5, 0.25],
        })),
      ),
    );
    // Pixel Spacing names the distance of rows first.
    expect(patientPoint(series, 4, 2, 2)).toEqual([11, 21, 2]);
    expect(volumePoint(series, [11, 21, 2])).toEqual([4, 2, 2]);
    for (const index of [-1.5, 0, 0.5, 1, 1.5, 2, 3.25]) {
      expect(
        indexOfPosition(series, positionOfIndex(series, index)),
      ).toBeCloseTo(index, 12);
    }
    expect(positionOfIndex(series, 1.5)).toBe(3.5);
  });

  it('warns of gaps and leaves out slices at one position', () => {
    const {
      warnings,
      samePlace,
      slices: kept,
    } = seriesOf(heights(0, 1, 1, 2, 5));
    expect(kept).toHaveLength(4);
    expect(samePlace.map(({ leftOut }) => leftOut.file)).toEqual(['2.dcm']);
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([
      ['slice-gap', '0.dcm'],
    ]);
  });

  it.each([
    [
      'a tilted gantry',
      slices(
        { position: [0, 0, 0] },
        { position: [0, 0.5, 2] },
        { position: [0, 1, 4] },
      ),
      /the gantry is tilted/,
    ],
    [
      'tilted slices',
      slices(
        ...[0, 1].map((z) => ({
          position: [0, 0, z],
          orientation: [1, 0, 0, 0, 0.9659, -0.2588],
        })),
      ),
      /not axial/,
    ],
    [
      'sagittal slices',
      slices(
        ...[0, 1].map((x) => ({
          position: [x, 0, 0],
          orientation: [0, 1, 0, 0, 0, -1],
        })),
      ),
      /not axial/,
    ],
    [
      'unequal sizes',
      slices({ position: [0, 0, 0] }, { position: [0, 0, 1], rows: 5 }),
      /1\.dcm has 5 × 6 voxels/,
    ],
    [
      'unequal spacings',
      slices({ position: [0, 0, 0] }, { position: [0, 0, 1], spacing: [1, 2] }),
      /1 × 2 mm/,
    ],
    [
      'two patients',
      slices({ position: [0, 0, 0] }, { position: [0, 0, 1], patient: 'P2' }),
      /patient "P2"/,
    ],
    ['one slice', heights(1), /expected at least 2/],
    [
      'no position',
      slices({ position: [] }, { position: [] }),
      /no Image Position/,
    ],
    [
      'an orientation of length 0',
      slices(
        ...[0, 1].map((z) => ({
          position: [0, 0, z],
          orientation: [0, 0, 0, 0, 0, 0],
        })),
      ),
      /impossible orientation/,
    ],
    ['no slices', [], /no slices/],
    [
      'localisers only',
      slices({ imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] }),
      /has localisers only/,
    ],
    [
      'as many slices of one orientation as of another',
      slices(
        { position: [0, 0, 0] },
        { position: [0, 0, 1] },
        { orientation: [0, 1, 0, 0, 0, -1] },
        { orientation: [0, 1, 0, 0, 0, -1] },
      ),
      /2\.dcm has 4 × 6 voxels of 1 × 1 mm, oriented 0 1 0 0 0 -1; 0\.dcm has/,
    ],
    [
      'a slice without an orientation',
      slices(
        { position: [0, 0, 0] },
        { position: [0, 0, 1] },
        { position: [0, 0, 2], orientation: [] },
      ),
      /2\.dcm has .* oriented nowhere/,
    ],
  ])('refuses %s', (_, list, message) => {
    expect(() => seriesOf(list)).toThrow(message);
    expect(() => seriesOf(list)).toThrow(SeriesError);
  });
});

describe('sliceFinder', () => {
  const finder = sliceFinder(seriesOf(heights(0, 2, 4, 10)));

  it('goes by UID first, then by z to within half the spacing', () => {
    expect(finder.slice({ z: 0, sopUid: '1.2.3.2' })).toBe(2);
    expect(finder.slice({ z: 2.9, sopUid: '9.9' })).toBe(1);
    expect(finder.slice({ z: 3.1, sopUid: '' })).toBe(2);
    expect(finder.slice({ z: 10.9, sopUid: '' })).toBe(3);
  });

  it('finds no slice in a gap or beyond the ends', () => {
    for (const z of [5.1, 7, 8.9, 11.1, -1.1, 100]) {
      expect(finder.slice({ z, sopUid: '' }), String(z)).toBeUndefined();
    }
    expect(finder.index({ z: 14, sopUid: '' })).toBe(5);
  });
});
