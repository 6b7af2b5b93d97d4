import { labelOf } from '@clip-lung/lidc';
import { describe, expect, it } from 'vitest';

import {
  lidcXml,
  type NoduleOptions,
  ratingsOf,
  sliceFile,
  square,
} from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { parseLidcXml } from '../lidc-xml/parse.js';
import { sliceFinder } from '../series/match.js';
import { seriesOf } from '../series/series.js';
import { agreementOf } from './agreement.js';
import { consensusOf } from './consensus.js';
import { shapeAgreement } from './dice.js';
import { noduleRatings } from './means.js';

const series = seriesOf(
  [0, 2, 4, 6].map((z) =>
    readSliceHeader(
      sliceFile({
        sop: `1.2.3.${z}`,
        position: [0, 0, z],
        spacing: [0.5, 0.5],
      }),
      `${z}.dcm`,
    ),
  ),
);

/** One nodule per reader, in as many sessions. */
function annotationsOf(
  ...nodules: readonly (NoduleOptions | readonly NoduleOptions[])[]
) {
  const text = lidcXml(
    nodules.map((own) => (Array.isArray(own) ? own : [own]) as NoduleOptions[]),
  );
  const read = parseLidcXml(new TextEncoder().encode(text), 'a.xml');
  if (read.kind !== 'ct') throw new Error('expected a CT');
  return read.annotations;
}

const drawn = (
  ...regions: NonNullable<NoduleOptions['regions']>[number][]
): NoduleOptions => ({ ratings: ratingsOf(), regions });

function consensus(...nodules: readonly NoduleOptions[]) {
  return consensusOf(annotationsOf(...nodules), series, sliceFinder(series));
}

describe('consensusOf', () => {
  it('takes the voxels that at least half of the annotations hold', () => {
    const found = consensus(
      drawn(
        { z: 2, points: square(4, 4, 4) },
        { z: 4, points: square(4, 4, 4) },
      ),
      drawn({ z: 2, points: square(6, 4, 4) }),
    );
    // Slice 1: columns 5 to 10 are held by one or both; slice 2: 5 to 8 by one of two.
    const voxels = 6 * 4 + 4 * 4;
    expect(found?.from).toBe('half');
    expect(found?.volume).toBeCloseTo(voxels * 0.5 * 0.5 * 2, 10);
    expect(found?.diameter).toBeCloseTo(
      ((6 * voxels * 0.5) / Math.PI) ** (1 / 3),
      10,
    );
    expect(found?.voxel[0]).toBeCloseTo((24 * 7.5 + 16 * 6.5) / voxels, 10);
    expect(found?.voxel[1]).toBe(6.5);
    expect(found?.voxel[2]).toBeCloseTo((24 * 1 + 16 * 2) / voxels, 10);
    expect(found?.centre[1]).toBe(6.5 * 0.5);
    expect(found?.centre[2]).toBeCloseTo((24 * 2 + 16 * 4) / voxels, 10);
  });

  it('leaves out what fewer than half hold, and what a hole and its outline cover', () => {
    const hole = { z: 2, inclusion: false, points: square(6, 6, 1) };
    const found = consensus(
      drawn(hole, { z: 2, points: square(4, 4, 5) }),
      drawn({ z: 2, points: square(4, 4, 5) }, hole),
      drawn({ z: 2, points: square(4, 4, 7) }),
    );
    // Two of three hold the 25 voxels but for the hole of 3 × 3 with its outline; there, one does.
    expect(found?.volume).toBeCloseTo((25 - 9) * 0.5, 10);
  });

  it('adds up several regions on a slice, and takes nothing from a single point', () => {
    const found = consensus(
      drawn(
        { z: 2, points: square(2, 2, 3) },
        { z: 2, points: square(10, 2, 2) },
        { z: 2, points: [[18, 18]] },
        { z: 4, points: [[4, 4]] },
      ),
    );
    expect(found?.volume).toBeCloseTo((9 + 4) * 0.5, 10);
    expect(found?.voxel[2]).toBe(1);
  });

  it('closes an open contour, and draws over a step, by a straight line', () => {
    const points = square(4, 4, 4);
    // Without the end of its last side, and without the middle of another.
    for (const odd of [
      points.slice(0, -3),
      points.filter((_, i) => i < 6 || i > 8),
    ]) {
      expect(consensus(drawn({ z: 2, points: odd }))?.volume).toBeCloseTo(
        16 * 0.5,
        10,
      );
    }
  });

  it('finds slices by their UIDs before their z', () => {
    const found = consensus(
      drawn(
        { z: 2, sop: '1.2.3.2', points: square(4, 4, 2) },
        { z: 2, sop: '1.2.3.4', points: square(4, 4, 2) },
      ),
    );
    expect(found?.voxel[2]).toBe(1.5);
    expect(found?.volume).toBeCloseTo(2 * 4 * 0.5, 10);
  });

  it('falls back to the union, then to the contours', () => {
    const apart = [0, 6, 12].map((x) =>
      drawn({ z: 2, points: square(x, 4, 2) }),
    );
    expect(consensus(...apart)).toMatchObject({
      from: 'union',
      volume: 3 * 4 * 0.5,
    });
    const thin = drawn({
      z: 2,
      points: [
        [3, 3],
        [4, 3],
        [5, 3],
      ],
    });
    expect(consensus(thin)).toMatchObject({
      from: 'contours',
      volume: 3 * 0.5,
      voxel: [4, 3, 1],
    });
  });

  it('counts contours whose slices are missing, and gives up when all are', () => {
    const found = consensus(
      drawn(
        { z: 6, points: square(4, 4, 2) },
        { z: 8, points: square(4, 4, 2) },
      ),
    );
    expect(found?.agreement).toMatchObject({
      missing: 1,
      contours: 2,
      missingPositions: [8],
    });
    expect(found?.volume).toBe(4 * 0.5);
    expect(consensus(drawn({ z: 8, points: square(4, 4, 2) }))).toBeUndefined();
  });
});

describe('noduleRatings', () => {
  const rated = (ratings: Record<string, number>): NoduleOptions => ({
    ratings: ratingsOf(ratings),
    regions: [{ z: 2, points: square(4, 4, 2) }],
  });

  it('gives every reader one voice', () => {
    const annotations = annotationsOf(
      [rated({ malignancy: 5 }), rated({ malignancy: 4 })],
      rated({ malignancy: 1, texture: 5 }),
    );
    const found = noduleRatings(annotations);
    expect(found).toMatchObject({
      readers: 2,
      means: { texture: 4 },
      clamped: [],
    });
    expect(found.statistics('malignancy')).toEqual({
      readers: 2,
      mean: (4.5 + 1) / 2,
      median: (4.5 + 1) / 2,
      spread: 1.75,
    });
  });

  it('gives the median, of an even number between the middle ones', () => {
    const of = (...values: number[]) =>
      noduleRatings(
        annotationsOf(...values.map((malignancy) => rated({ malignancy }))),
      ).statistics('malignancy')?.median;
    expect([of(5), of(1, 5), of(5, 1, 2), of(4, 1, 5, 2)]).toEqual([
      5, 3, 2, 3,
    ]);
  });

  it('leaves a rating out of range out of that mean alone', () => {
    const annotations = annotationsOf(
      rated({ internalStructure: 5, margin: 1 }),
      rated({ internalStructure: 2, margin: 2 }),
    );
    expect(noduleRatings(annotations)).toMatchObject({
      readers: 2,
      means: { internalStructure: 2, margin: 1.5 },
      clamped: [],
    });
    expect(noduleRatings(annotations.slice(0, 1))).toMatchObject({
      means: { internalStructure: 4 },
      clamped: ['internalStructure'],
    });
    expect(
      noduleRatings(annotationsOf(rated({ malignancy: 7 }))).statistics(
        'malignancy',
      ),
    ).toBeUndefined();
  });
});

describe('shapeAgreement', () => {
  const shapes = (...shifts: readonly (readonly number[])[]) => {
    const annotations = annotationsOf(
      ...shifts.map((own) =>
        own.map((x) => ({
          ratings: ratingsOf(),
          regions: [{ z: 2, points: square(x, 4, 2) }],
        })),
      ),
    );
    const agreement = agreementOf(
      annotations,
      series.seriesUid,
      sliceFinder(series),
    );
    if (agreement === undefined) throw new Error('no slices');
    return shapeAgreement(annotations, agreement);
  };

  it('is the Dice coefficient of every pair of readers', () => {
    // Squares of 2 × 2 voxels: shifted by one they share half of their voxels, by two none.
    expect(shapes([4], [4])).toEqual({ pairs: 1, mean: 1, least: 1 });
    expect(shapes([4], [5], [6])).toEqual({ pairs: 3, mean: 1 / 3, least: 0 });
    expect(shapes([4])).toEqual({
      pairs: 0,
      mean: undefined,
      least: undefined,
    });
  });

  it('joins what one reader drew in two pieces', () => {
    expect(shapes([4, 6], [4])).toMatchObject({ pairs: 1, mean: 2 / 3 });
  });
});

describe('labelOf', () => {
  it.each([
    [1, 'benign', 'benign'],
    [2.5, 'unsure', 'benign'],
    [2.51, 'unsure', 'unsure'],
    [3.5, 'unsure', 'malignant'],
    [3.75, 'malignant', 'malignant'],
  ])(
    '%d is %s by the rule pylidc, %s by the rule inclusive',
    (malignancy, pylidc, inclusive) => {
      expect(labelOf(malignancy, 'pylidc')).toBe(pylidc);
      expect(labelOf(malignancy, 'inclusive')).toBe(inclusive);
    },
  );
});
