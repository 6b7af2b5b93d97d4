import { describe, expect, it } from 'vitest';

import {
  lidcXml,
  type NoduleOptions,
  ratingsOf,
  type RegionOptions,
  square,
} from '../../test/synthetic.js';
import { contourOddities, odditiesOf } from './oddities.js';
import { parseLidcXml } from './parse.js';
import { patientOf } from './patient.js';
import { type CtReadings, contoursOf } from './readings.js';

function readingsOf(
  ...sessions: readonly (readonly NoduleOptions[])[]
): CtReadings {
  const bytes = new TextEncoder().encode(lidcXml(sessions));
  const readings = parseLidcXml(bytes, 'a.xml');
  if (readings.kind !== 'ct') throw new Error('expected a CT');
  return readings;
}

/** Four sessions, of which the first has these nodules. */
const four = (...nodules: readonly NoduleOptions[]): CtReadings =>
  readingsOf(nodules, [], [], []);

/** Closed: the last point is the first again. */
const closed = (x: number, y: number, inner: number): RegionOptions => {
  const points = square(x, y, inner);
  return { z: 1, points: [...points, ...points.slice(0, 1)] };
};

const nodule = (
  regions: readonly RegionOptions[],
  more: NoduleOptions = {},
): NoduleOptions => ({ ratings: ratingsOf(), regions, ...more });

const zeros = Object.fromEntries(
  Object.keys(ratingsOf()).map((name) => [name, 0]),
);

describe('odditiesOf', () => {
  it('finds nothing odd about plain readings', () => {
    const plain = nodule([closed(2, 2, 3), { ...closed(3, 3, 2), z: 2 }]);
    expect(odditiesOf(readingsOf([plain], [plain], [plain], []))).toEqual([]);
  });

  it.each<[string, CtReadings, string, RegExp]>([
    [
      'an empty set of ratings',
      four({ ratings: {}, regions: [closed(2, 2, 3)] }),
      'ratings-empty',
      /"characteristics" that are empty; it does not count as an annotation/,
    ],
    [
      'nine zeros',
      four({ ratings: zeros, regions: [{ z: 1, points: [[5, 5]] }] }),
      'ratings-zero',
      /are all zero; it does not count as an annotation/,
    ],
    [
      'fewer than nine ratings',
      four({ ratings: { malignancy: 3 }, regions: [closed(2, 2, 3)] }),
      'ratings-incomplete',
      /lack some of the 9 ratings/,
    ],
    [
      'a rating out of its range',
      four(
        nodule([closed(2, 2, 3)], {
          ratings: ratingsOf({ internalStructure: 5 }),
        }),
      ),
      'rating-out-of-range',
      /"internalStructure" is 5; kept, and left out of means/,
    ],
    ['three sessions', readingsOf([], [], []), 'sessions', /has 3 reading/],
    [
      'eight sessions',
      readingsOf([], [], [], [], [], [], [], []),
      'sessions',
      /has 8 reading/,
    ],
    [
      'two nodules of a session with one ID',
      four(nodule([closed(2, 2, 3)]), nodule([closed(9, 9, 3)])),
      'repeated-nodule-id',
      /"1" of session 1 is used more than once/,
    ],
    [
      'one z with two slices',
      four(
        nodule([
          { ...closed(2, 2, 3), sop: '1.2.1' },
          { ...closed(2, 2, 3), sop: '1.2.2' },
        ]),
      ),
      'shared-position',
      /z = 1 mm is the position of several slices/,
    ],
    [
      'a contour that is not closed',
      four(nodule([{ z: 1, points: square(2, 2, 3) }])),
      'open-contour',
      /not closed: 1$/,
    ],
    [
      'a contour with a step of two pixels',
      four(
        nodule([
          {
            z: 1,
            points: closed(2, 2, 3).points.filter((_, i) => i !== 2),
          },
        ]),
      ),
      'jumping-contour',
      /step over more than a pixel: 1$/,
    ],
  ])('reports %s', (_, readings, code, message) => {
    const found = odditiesOf(readings);
    expect(found.map((warning) => warning.code)).toEqual([code]);
    expect(found[0]?.file).toBe('a.xml');
    expect(found[0]?.message).toMatch(message);
  });

  it('takes an ID that several sessions use for what it is: nothing odd', () => {
    const own = nodule([closed(2, 2, 3)]);
    const readings = readingsOf([own], [own], [own], [own]);
    expect(odditiesOf(readings)).toEqual([]);
    // And two with one ID in a session stay two, told apart by their order.
    const twice = four(own, own).annotations;
    expect(twice.map(({ session, order }) => [session, order])).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });
});

describe('contourOddities', () => {
  it('counts holes, single points and annotations of several regions on a slice', () => {
    const { annotations } = four(
      nodule([
        closed(2, 2, 6),
        { ...closed(4, 4, 1), inclusion: false },
        { ...closed(2, 2, 6), z: 2 },
      ]),
      nodule([closed(2, 2, 6), { z: 1, points: [[20, 20]] }], { id: '2' }),
      nodule([closed(2, 2, 6), { ...closed(2, 2, 6), z: 2 }], { id: '3' }),
    );
    expect(contourOddities(annotations)).toEqual({
      holes: 1,
      open: 0,
      jumping: 0,
      singlePoints: 1,
      severalRegions: 2,
    });
    // A single point is a region, and no contour.
    expect(annotations.map((item) => contoursOf(item).length)).toEqual([
      3, 1, 2,
    ]);
  });
});

describe('patientOf', () => {
  const series =
    '1.3.6.1.4.1.14519.5.2.1.6279.6001.151647338241909635299641922057';

  it('goes by the folder, else by the list of patients with two scans', () => {
    const path = 'a/LIDC-IDRI-0007/b/c/069.xml';
    expect(patientOf(path, series)).toBe('LIDC-IDRI-0007');
    expect(patientOf('185/158.xml', series)).toBe('LIDC-IDRI-0132');
    expect(patientOf('185/158.xml', '1.2.3')).toBeNull();
    // A file of such a name is no folder.
    expect(patientOf('a/LIDC-IDRI-0007', '1.2.3')).toBeNull();
  });
});
