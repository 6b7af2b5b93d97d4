import { inflateSync } from 'node:zlib';

import type { Dataset } from '@clip-lung/data';
import type { Collection } from '@clip-lung/lidc';
import { NdArray } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { middleSlices } from './slices.js';

/** HU that tell where a voxel is: of nodule n, 8n + 4z + 2y + x. */
function datasetOf(collection: Collection): Dataset {
  const data = Int16Array.from({ length: 2 * 8 }, (_voxel, i) => i);
  return {
    folder: '/nowhere',
    manifest: { collection, window: { low: 0, high: 255 } },
    nodules: [],
    crops: new NdArray('int16', [2, 2, 2, 2], data),
  } as unknown as Dataset;
}

function pixelsOf(uri: string): readonly number[] {
  const png = Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64');
  const start = png.indexOf('IDAT');
  const rows = inflateSync(
    png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)),
  );
  // Before each row of two stands its filter.
  return [...rows].filter((_byte, i) => i % 3 !== 0);
}

describe('middleSlices', () => {
  it('cuts a crop of a CT series along the patient, the head up', () => {
    const slices = middleSlices(datasetOf('lidc-idri'), 1);
    expect(slices.map(({ plane, png }) => [plane, ...pixelsOf(png)])).toEqual([
      // z = 1, rows by y
      ['axial', 12, 13, 14, 15],
      // y = 1, rows by z from the head
      ['coronal', 14, 15, 10, 11],
      // x = 1
      ['sagittal', 13, 15, 9, 11],
    ]);
  });

  it('turns nothing where the axes are not known, and does not name planes', () => {
    const slices = middleSlices(datasetOf('other'), 0);
    expect(slices.map(({ png }) => pixelsOf(png))).toEqual([
      [4, 5, 6, 7],
      [2, 3, 6, 7],
      [1, 3, 5, 7],
    ]);
    expect(slices.map(({ plane }) => plane).join()).not.toMatch(/axial/);
  });
});
