import { existsSync, readFileSync } from 'node:fs';

import { parseLidcXml } from '@clip-lung/data';
import { perAttribute } from '@clip-lung/lidc';
import { describe, expect, it } from 'vitest';

import { headerElements } from '../test/header-elements.js';
import { encodeLidcMessage, type LidcMessage } from './lidc-message.js';

const ratings = { ...perAttribute(() => 2), calcification: 6, malignancy: 4 };
const contour = [10, 19, 11, 20, 10, 21, 9, 20, 10, 19];
const message: LidcMessage = {
  uid: '2.25.1',
  studyUid: '2.25.2',
  seriesUid: '2.25.3',
  sessions: [
    {
      nodules: [
        {
          id: '1',
          ratings,
          regions: [{ z: -101.25, sopUid: '2.25.4', points: contour }],
        },
        { id: '101', regions: [{ z: -100, sopUid: '2.25.5', points: [7, 8] }] },
      ],
      nonNodules: [
        { id: '201', place: { z: -100, sopUid: '2.25.5', points: [3, 4] } },
      ],
    },
    { nodules: [], nonNodules: [] },
  ],
};
const encoded = encodeLidcMessage(message);

/** The distinct paths of elements, `LidcReadMessage/readingSession/…`, by a scan over the tags. */
function elementPaths(xml: string): ReadonlySet<string> {
  const open: string[] = [];
  const paths = new Set<string>();
  for (const [, slash, name = ''] of xml.matchAll(/<(\/?)(\w+)[^>]*?>/g)) {
    if (slash === '/') open.pop();
    else {
      open.push(name);
      paths.add(open.join('/'));
    }
  }
  return paths;
}

describe('encodeLidcMessage', () => {
  it('is read back as it was', () => {
    const read = parseLidcXml(new TextEncoder().encode(encoded), 'a.xml');
    expect(read).toMatchObject({
      kind: 'ct',
      seriesUid: '2.25.3',
      studyUid: '2.25.2',
      sessions: 2,
      annotations: [
        {
          session: 0,
          noduleId: '1',
          ratings,
          flagged: [],
          regions: [
            {
              z: -101.25,
              sopUid: '2.25.4',
              inclusion: true,
              points: Int32Array.from(contour),
            },
          ],
        },
      ],
      smallMarks: [
        {
          noduleId: '101',
          ratings: 'absent',
          regions: [{ points: Int32Array.of(7, 8) }],
        },
      ],
      nonNodules: [{ id: '201', z: -100, sopUid: '2.25.5', x: 3, y: 4 }],
    });
  });

  it('writes the header in the order of LIDC', () => {
    // As 14 real files write it; most leave the comments out, and some put the UID of the study earlier.
    expect(headerElements(encoded)).toEqual([
      'Version',
      'MessageId',
      'DateRequest',
      'TimeRequest',
      'RequestingSite',
      'ServicingSite',
      'TaskDescription',
      'CtImageFile',
      'SeriesInstanceUid',
      'DateService',
      'TimeService',
      'ResponseDescription',
      'ResponseComments',
      'StudyInstanceUID',
    ]);
  });

  it('writes the ratings in the order of LIDC', () => {
    const block =
      /<characteristics>(.*?)<\/characteristics>/s.exec(encoded)?.[1] ?? '';
    expect([...block.matchAll(/<(\w+)>/g)].map((match) => match[1])).toEqual([
      'subtlety',
      'internalStructure',
      'calcification',
      'sphericity',
      'margin',
      'lobulation',
      'spiculation',
      'texture',
      'malignancy',
    ]);
  });

  const real = new URL(
    '../../../../shared/lidc/161-resubmitted-correction-3-9-12.xml',
    import.meta.url,
  );
  it.skipIf(!existsSync(real))(
    'uses only elements that a real file has (skipped without ../shared/lidc)',
    () => {
      const known = elementPaths(readFileSync(real, 'utf8'));
      const unknown = [...elementPaths(encoded)].filter(
        (path) => !known.has(path),
      );
      expect(unknown).toEqual([]);
    },
  );
});
