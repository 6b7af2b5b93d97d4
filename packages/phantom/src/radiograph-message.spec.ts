import { parseLidcXml } from '@clip-lung/data';
import { expect, it } from 'vitest';

import { headerElements } from '../test/header-elements.js';
import { encodeRadiographMessage } from './radiograph-message.js';

const encoded = encodeRadiographMessage({
  uid: '2.25.1',
  ctSeriesUid: '2.25.2',
  studyUid: '2.25.3',
  seriesUid: '2.25.4',
  sopUid: '2.25.5',
});

it('is read as the reading of a radiograph', () => {
  const read = parseLidcXml(new TextEncoder().encode(encoded), 'a.xml');
  expect(read.kind).toBe('radiograph');
});

it('has the header of 280 of the 283 real files, element by element', () => {
  expect(headerElements(encoded)).toEqual([
    'Version',
    'MessageId',
    'DateRequest',
    'TimeRequest',
    'RequestingSite',
    'ServicingSite',
    'TaskDescription',
    'CTImageFile',
    'CTSeriesInstanceUid',
    'CXRImageFile',
    'CXRSeriesInstanceUid',
    'Modality',
    'DateService',
    'TimeService',
    'ResponseDescription',
    'ResponseComments',
    'StudyInstanceUID',
    'SeriesInstanceUID',
  ]);
});
