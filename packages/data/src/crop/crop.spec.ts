import { cropSize } from '@clip-lung/lidc';
import { decodeNpy } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { fixture, jsonFixture, sliceFile } from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { readPixels, readWindow } from '../dicom/pixels.js';
import { positionOfIndex } from '../series/positions.js';
import { type Series, seriesOf } from '../series/series.js';
import { type CropCentre, planCrop, sampleCrop } from './crop.js';

interface Expected {
  readonly nodules: readonly {
    readonly column: number;
    readonly row: number;
    readonly slice: number;
    readonly diameter: number;
  }[];
}

const last = cropSize - 1;

/** A series in memory, and the crop of it, read as the plan asks. */
function cropOf(
  files: readonly Uint8Array[],
  centre: (series: Series) => CropCentre,
  side: number,
) {
  const byName = new Map(files.map((bytes, i) => [`${i}.dcm`, bytes]));
  const series = seriesOf(
    [...byName].map(([name, bytes]) => readSliceHeader(bytes, name)),
  );
  const plan = planCrop(series, centre(series), side);
  const { x0, x1, y0, y1 } = plan.window;
  const windows = new Map(
    plan.slices.map((k) => {
      const slice = series.slices[k];
      if (!slice) throw new Error(`no slice ${k}`);
      const whole = readPixels(
        slice,
        byName.get(slice.file) ?? new Uint8Array(),
      );
      const part = new Float32Array((y1 - y0) * (x1 - x0));
      for (let i = 0; i < part.length; i++) {
        const y = y0 + Math.floor(i / (x1 - x0));
        part[i] = whole[y * series.columns + x0 + (i % (x1 - x0))] ?? NaN;
      }
      return [k, part] as const;
    }),
  );
  return { plan, crop: sampleCrop(plan, windows) };
}

/** HU 2·column + 3·row + 5·z, z being the slice's position in mm. */
const ramp = (z: number) =>
  sliceFile({
    sop: `1.2.3.${100 + z}`,
    position: [0, 0, z],
    stored: (column, row) => 2 * column + 3 * row + 5 * z + 1024,
  });

describe('planCrop and sampleCrop', () => {
  it('agree with scipy on a scan of unequal spacings, beyond its borders too', async () => {
    const { nodules } = await jsonFixture<Expected>('scan.json');
    const expected = decodeNpy(await fixture('crops.npy'), 'crops.npy');
    const names = Array.from(
      { length: 14 },
      (_, k) => `scan/${String(k).padStart(2, '0')}.dcm`,
    );
    const files = await Promise.all(names.map(fixture));
    for (const [i, { column, row, slice, diameter }] of nodules.entries()) {
      const { crop } = cropOf(
        files,
        (series) => ({ column, row, position: positionOfIndex(series, slice) }),
        2 * diameter,
      );
      const differences = [...crop].map((hu, j) =>
        Math.abs(hu - Number(expected.data[i * cropSize ** 3 + j])),
      );
      // Rounding to whole HU, and no more.
      expect(Math.max(...differences)).toBeLessThanOrEqual(0.5 + 1e-3);
    }
    // The third nodule lies near a corner, so air is part of what was compared.
    expect([...expected.data].slice(2 * cropSize ** 3).map(Number)).toContain(
      -1000,
    );
  });

  it('interpolate linearly between true positions, also where slices are missing', () => {
    const { plan, crop } = cropOf(
      [0, 1, 2, 5, 6, 7, 8].map(ramp),
      () => ({ column: 10, row: 12, position: 4 }),
      6,
    );
    expect(plan.slices).toEqual([1, 2, 3, 4, 5]);
    const at = (z: number, y: number, x: number) =>
      crop[(z * cropSize + y) * cropSize + x] ?? NaN;
    const offset = (i: number) => ((i + 0.5) / cropSize - 0.5) * 6;
    for (const [z, y, x] of [
      [0, 0, 0],
      [last, 0, 3],
      [7, last, 20],
      [16, 16, last],
      [12, 5, 8],
    ] as const) {
      const hu =
        2 * (10 + offset(x)) + 3 * (12 + offset(y)) + 5 * (4 + offset(z));
      expect(Math.abs(at(z, y, x) - hu)).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  });

  it('read only the part of the slices that is seen', () => {
    const { plan } = cropOf(
      [0, 1, 2, 3, 4, 5, 6, 7].map(ramp),
      () => ({ column: 10, row: 12, position: 3 }),
      2,
    );
    expect(plan.slices).toEqual([2, 3, 4]);
    expect(plan.window).toEqual({ x0: 9, x1: 12, y0: 11, y1: 14 });
  });

  it('are air beside the volume', () => {
    const { plan, crop } = cropOf(
      [0, 1, 2].map(ramp),
      () => ({ column: -50, row: 12, position: 1 }),
      6,
    );
    expect(plan.slices).toEqual([]);
    expect(new Set(crop)).toEqual(new Set([-1000]));
  });
});

describe('readWindow', () => {
  it('reads the part of a slice that the whole slice has there', () => {
    const bytes = ramp(1);
    const slice = readSliceHeader(bytes, 'a.dcm');
    const whole = readPixels(slice, bytes);
    const start = slice.format.offset + 2 * 24 * 5;
    const part = readWindow(slice, bytes.subarray(start, start + 2 * 24 * 2), {
      x0: 3,
      x1: 6,
      y0: 5,
      y1: 7,
    });
    expect([...part]).toEqual(
      [3, 4, 5]
        .flatMap((x) => [whole[5 * 24 + x]])
        .concat([3, 4, 5].map((x) => whole[6 * 24 + x])),
    );
  });
});
