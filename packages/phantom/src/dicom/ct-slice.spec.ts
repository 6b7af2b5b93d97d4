import { readFileSync } from 'node:fs';

import { readPixels, readSliceHeader } from '@clip-lung/data';
import { describe, expect, it } from 'vitest';

import type { Scanner } from '../scanner.js';
import { decimal, encodeCtSlice, toHounsfield } from './ct-slice.js';

const hu = Int16Array.from({ length: 30 }, (_, i) => ((i * 997) % 4096) - 1024);
hu[29] = 3071;

function slice(storage: Scanner['storage']): Uint8Array {
  return encodeCtSlice({
    patientId: 'PHANTOM-0007',
    scanner: {
      model: 'Test',
      kernel: 'SHARP',
      pixelSpacing: 0.625,
      sliceThickness: 1.25,
      slices: 40,
      blur: 0.5,
      noise: 10,
      noiseGrain: 1,
      storage,
      firstSlice: 'top',
    },
    studyUid: '2.25.12',
    seriesUid: '2.25.123',
    frameUid: '2.25.12345',
    sopUid: '2.25.1234',
    instance: 12,
    position: [-10.5, -20, -101.25],
    columns: 5,
    rows: 6,
    pixelSpacing: 0.625,
    hu,
  });
}

describe.each(['unsigned-12', 'signed-16'] as const)(
  'a slice, %s',
  (storage) => {
    it('is byte for byte the file that pydicom writes', () => {
      const fixture = new URL(`../../fixtures/${storage}.dcm`, import.meta.url);
      const expected = readFileSync(fixture);
      expect(Buffer.from(slice(storage)).equals(expected)).toBe(true);
    });

    it('is read back to the same HU and place', () => {
      const bytes = slice(storage);
      const header = readSliceHeader(bytes, 'slice');
      expect([...readPixels(header, bytes)]).toEqual([...hu]);
      expect(header).toMatchObject({
        patientId: 'PHANTOM-0007',
        manufacturer: 'CLIP-Lung phantom',
        position: [-10.5, -20, -101.25],
        pixelSpacing: [0.625, 0.625],
        sliceThickness: 1.25,
      });
    });
  },
);

it('keeps HU within what 12 bits hold', () => {
  expect([-3000, -0.6, 12.4, 9000].map(toHounsfield)).toEqual([
    -1024, -1, 12, 3071,
  ]);
});

it('writes decimal strings of at most 16 characters', () => {
  expect([-41.6, -1 / 3, 1e-9, 123456.78].map(decimal)).toEqual([
    '-41.6',
    '-0.3333',
    '0',
    '123456.78',
  ]);
});
