import { describe, expect, it } from 'vitest';

import { lidcXml, ratingsOf, square } from '../../test/synthetic.js';
import { resolveDuplicates } from './duplicates.js';
import { parseLidcXml } from './parse.js';
import type { CtReadings } from './readings.js';

function readings(file: string, x = 3, series = '1.2.3'): CtReadings {
  const regions = [{ z: 1, points: square(x, 3, 2) }];
  const text = lidcXml([[{ ratings: ratingsOf(), regions }]], series);
  return parseLidcXml(new TextEncoder().encode(text), file) as CtReadings;
}

describe('resolveDuplicates', () => {
  it('keeps the first file of a series, in the order of paths', () => {
    const { scans, superseded } = resolveDuplicates([
      readings('b/2.xml'),
      readings('c.xml', 3, '1.2.4'),
      readings('b/1.xml'),
      readings('b/3.xml', 4),
    ]);
    expect(scans.map(({ file }) => file)).toEqual(['b/1.xml', 'c.xml']);
    expect(superseded).toEqual([
      { file: 'b/2.xml', by: 'b/1.xml', same: true },
      { file: 'b/3.xml', by: 'b/1.xml', same: false },
    ]);
  });

  it('prefers a file whose name says that it corrects', () => {
    const { scans } = resolveDuplicates([
      readings('157/161.xml'),
      readings('corrections/161.xml'),
      readings('157/161-resubmitted-correction-3-9-12.xml'),
    ]);
    // The name of a folder says nothing about the file.
    expect(scans.map(({ file }) => file)).toEqual([
      '157/161-resubmitted-correction-3-9-12.xml',
    ]);
  });
});
