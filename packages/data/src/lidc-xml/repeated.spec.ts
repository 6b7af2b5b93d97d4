import { describe, expect, it } from 'vitest';

import { lidcXml, ratingsOf, square } from '../../test/synthetic.js';
import { LidcXmlError } from '../errors.js';
import { parseLidcXml } from './parse.js';

const once = lidcXml([
  [
    {
      id: 'n1',
      ratings: ratingsOf({ malignancy: 4 }),
      regions: [{ z: -12, sop: '1.2.3.4', points: square(5, 5, 4) }],
    },
  ],
]);

const parse = (xml: string): unknown => parseLidcXml(Buffer.from(xml), 'a.xml');

describe('an element that an annotation file has twice', () => {
  it.each([
    ['<malignancy>4</malignancy>', '<malignancy>1</malignancy>'],
    [
      '<imageZposition>-12</imageZposition>',
      '<imageZposition>-9</imageZposition>',
    ],
    [
      '<imageSOP_UID>1.2.3.4</imageSOP_UID>',
      '<imageSOP_UID>1.2.3.5</imageSOP_UID>',
    ],
    ['<inclusion>TRUE</inclusion>', '<inclusion>FALSE</inclusion>'],
    ['<noduleID>n1</noduleID>', '<noduleID>n2</noduleID>'],
    ['<xCoord>5</xCoord>', '<xCoord>6</xCoord>'],
    ['<yCoord>5</yCoord>', '<yCoord>6</yCoord>'],
    [
      '<SeriesInstanceUid>1.2.3</SeriesInstanceUid>',
      '<SeriesInstanceUID>1.2.4</SeriesInstanceUID>',
    ],
    [
      '</characteristics>',
      '<characteristics><malignancy>2</malignancy></characteristics>',
    ],
  ])('%s and then %s, is refused where the values differ', (first, second) => {
    expect(once).toContain(first);
    const read = (): unknown => parse(once.replace(first, first + second));
    expect(read).toThrow(LidcXmlError);
    expect(read).toThrow(/^a\.xml.* and then ".*", expected it once/);
  });

  it.each([
    '<malignancy>4</malignancy>',
    '<imageZposition>-12</imageZposition>',
  ])('%s, is read where the values are the same', (element) => {
    const twice = once.replace(element, element + element);
    expect(parse(twice)).toEqual(parse(once));
  });
});
