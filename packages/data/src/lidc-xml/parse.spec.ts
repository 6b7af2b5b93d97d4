import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { lidcXml, ratingsOf, square } from '../../test/synthetic.js';
import { LidcXmlError } from '../errors.js';
import { parseLidcXml } from './parse.js';
import type { CtReadings } from './readings.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function parse(text: string): CtReadings {
  const read = parseLidcXml(bytesOf(text), 'a.xml');
  if (read.kind !== 'ct') throw new Error('expected readings of a CT');
  return read;
}

const nodule = {
  ratings: ratingsOf({ malignancy: 5 }),
  regions: [
    { z: -10.5, sop: '1.2.9', points: square(3, 4, 2) },
    { z: -10.5, inclusion: false, points: square(4, 5, 0) },
    { z: -8, points: [[7, 8]] as const },
  ],
};
const small = { regions: [{ z: 1, points: [[5, 6]] as const }] };
const text = lidcXml([[nodule, small], [], [{ ratings: {} }], []]);

describe('parseLidcXml', () => {
  it('reads sessions, ratings, contours, holes and points', () => {
    const { annotations, smallMarks, sessions, seriesUid } = parse(text);
    expect(seriesUid).toBe('1.2.3');
    expect(sessions).toBe(4);
    expect(annotations).toHaveLength(1);
    expect(annotations[0]).toMatchObject({
      session: 0,
      order: 0,
      ratings: { malignancy: 5, calcification: 6 },
      flagged: [],
    });
    expect(
      annotations[0]?.regions.map((region) => [
        region.z,
        region.inclusion,
        region.points.length,
      ]),
    ).toEqual([
      [-10.5, true, 24],
      [-10.5, false, 8],
      [-8, true, 2],
    ]);
    expect(annotations[0]?.regions[0]?.points.slice(0, 4)).toEqual(
      Int32Array.of(3, 4, 4, 4),
    );
    expect(smallMarks.map((mark) => [mark.session, mark.ratings])).toEqual([
      [0, 'absent'],
      [2, 'empty'],
    ]);
  });

  it('keeps a rating out of range, and flags it', () => {
    const ratings = ratingsOf({ internalStructure: 5 });
    const [annotation] = parse(lidcXml([[{ ...nodule, ratings }]])).annotations;
    expect(annotation?.ratings.internalStructure).toBe(5);
    expect(annotation?.flagged).toEqual(['internalStructure']);
  });

  it('takes nine zeros, or fewer than nine ratings, for no annotation', () => {
    const zero = Object.fromEntries(
      Object.keys(ratingsOf()).map((name) => [name, 0]),
    );
    const { annotations, smallMarks } = parse(
      lidcXml([
        [
          { ...nodule, ratings: zero },
          { ...nodule, ratings: { malignancy: 3 } },
        ],
      ]),
    );
    expect(annotations).toEqual([]);
    expect(smallMarks.map(({ ratings }) => ratings)).toEqual([
      'zero',
      'incomplete',
    ]);
  });

  it('recognises a radiograph', () => {
    const other =
      '<IdriReadMessage xmlns="http://www.nih.gov/idri"><a/></IdriReadMessage>';
    expect(parseLidcXml(bytesOf(other), 'r.xml')).toEqual({
      kind: 'radiograph',
      file: 'r.xml',
    });
  });

  it.each([
    [
      'another document',
      '<html/>',
      /a\.xml: line 1: the document is a \{\}html/,
    ],
    [
      'a document type',
      text.replace('<Lidc', '<!DOCTYPE x [<!ENTITY a "b">]><Lidc'),
      /document type/,
    ],
    ['an unknown entity', text.replace('TRUE', '&a;'), /a\.xml: line/],
    [
      'no series',
      text.replaceAll(/<SeriesInstanceUid>.*<\/SeriesInstanceUid>/g, ''),
      /no SeriesInstanceUid/,
    ],
    [
      'a number that is none',
      text.replace('-10.5', 'up'),
      /<imageZposition> is "up", expected a number/,
    ],
    [
      'a region without points',
      text.replace(/<edgeMap>.*?<\/roi>/, '</roi>'),
      /lacks its/,
    ],
    ['text that is not UTF-8', Uint8Array.of(0xff, 0xfe, 0x41), /UTF-8/],
    ['nothing', '', /a\.xml/],
  ])('refuses %s', (_, content, message) => {
    const bytes = typeof content === 'string' ? bytesOf(content) : content;
    expect(() => parseLidcXml(bytes, 'a.xml')).toThrow(message);
    expect(() => parseLidcXml(bytes, 'a.xml')).toThrow(LidcXmlError);
  });

  it('refuses a file that is cut short anywhere', () => {
    const bytes = bytesOf(text);
    for (let length = 0; length < bytes.length; length += 3) {
      expect(() => parseLidcXml(bytes.subarray(0, length), 'a.xml')).toThrow(
        LidcXmlError,
      );
    }
  });

  it('reads or refuses whatever else is in the file', () => {
    const bytes = bytesOf(text);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        (changes) => {
          const damaged = bytes.slice();
          for (const { at, value } of changes) damaged[at] = value;
          try {
            parseLidcXml(damaged, 'a.xml');
          } catch (error) {
            expect(error).toBeInstanceOf(LidcXmlError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
