import { describe, expect, it } from 'vitest';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  type SliceOptions,
  square,
  temporaryFolder,
} from '../../../test/synthetic.js';
import { prepareDataset } from '../sources/lidc/prepare-dataset.js';
import { cropAt } from './read-crop.js';
import { readDataset } from '../dataset/read-dataset.js';

/** HU rise with x and z, from lung to tissue. */
const hu = (x: number, z: number): number => -900 + 40 * x + 3 * z;

function slice(z: number, options: SliceOptions = {}): Uint8Array {
  return sliceFile({
    sop: `1.2.3.${z}`.replace('.5', '5'),
    position: [0, 0, z],
    stored: (x) => 1024 + hu(x, z),
    ...options,
  });
}

function series(heights: readonly number[]): Record<string, Uint8Array> {
  return Object.fromEntries(heights.map((z) => [`${z}.dcm`, slice(z)]));
}

const place = { at: [12, 12, 10], side: 8 } as const;
const codes = (warnings: readonly { readonly code: string }[]): string[] =>
  warnings.map(({ code }) => code);

const even = Array.from({ length: 21 }, (_, z) => z);

describe('cropAt', () => {
  it('has nothing to tell of a sound series', async () => {
    const found = await cropAt(await folderOf(series(even)), place);
    expect(found.warnings).toEqual([]);
  });

  it('refuses a place whose slices are missing, names a damaged file beside, and tells both when forced', async () => {
    const files = series(even.filter((z) => z < 8 || z > 12));
    const whole = slice(12);
    files['12.dcm'] = whole.subarray(0, whole.length - 100);
    const folder = await folderOf(files);
    const refused = cropAt(folder, place);
    await expect(refused).rejects.toThrow(
      /slices are missing where the crop lies: between 7\.dcm \(z = 7 mm\) and 13\.dcm \(z = 13 mm\) there are 6\.00 mm, where 1\.00 mm are usual \(files that cannot be read: 12\.dcm/,
    );
    const { warnings, hu: crop } = await cropAt(folder, {
      ...place,
      force: true,
    });
    expect(codes(warnings)).toEqual([
      'unreadable-dicom',
      'slice-gap',
      'crop-across-gap',
    ]);
    // Elsewhere the gap is told, and no reason to refuse.
    const { warnings: told } = await cropAt(folder, {
      ...place,
      at: [12, 12, 3],
      side: 4,
    });
    expect(codes(told)).toEqual(['unreadable-dicom', 'slice-gap']);
    expect(crop).toHaveLength(32 ** 3);
  });

  it('refuses a place where two slices differ, and names both', async () => {
    const files = series(even);
    files['other.dcm'] = slice(10, { sop: '1.2.3.99', stored: () => 500 });
    files['same.dcm'] = slice(9, { sop: '1.2.3.98' });
    const folder = await folderOf(files);
    await expect(cropAt(folder, place)).rejects.toThrow(
      /10\.dcm and other\.dcm/,
    );
    const { warnings } = await cropAt(folder, { ...place, force: true });
    expect(new Set(codes(warnings))).toEqual(
      new Set(['slice-conflict', 'slice-duplicate', 'crop-of-conflict']),
    );
  });

  it('asks about values that can hardly be HU, and tells how much lies outside', async () => {
    const files = Object.fromEntries(
      even.map((z) => [
        `${z}.dcm`,
        slice(z, { stored: (x) => 1024 + 40 * x + z }),
      ]),
    );
    const folder = await folderOf(files);
    await expect(cropAt(folder, place)).rejects.toThrow(/air at 0/);
    const { warnings } = await cropAt(folder, { ...place, force: true });
    expect(codes(warnings)).toEqual(['not-hounsfield']);
    const edge = await cropAt(await folderOf(series(even)), {
      ...place,
      at: [12, 12, 20],
    });
    expect(codes(edge.warnings)).toEqual(['crop-beyond-series']);
    expect(edge.warnings[0]?.message).toMatch(/^4[0-9] % of the crop/);
  });
});

describe('a nodule between slices that are not evenly spaced', () => {
  it('has the size of its slices, each of which stands for half the way to its neighbours', async () => {
    // 2 mm apart, and 3 mm where the nodule is.
    const heights = [0, 2, 4, 6, 9, 12, 15, 17, 19, 21, 23];
    const regions = [6, 9, 12, 15].map((z) => ({
      z,
      points: square(8, 8, 6),
    }));
    const folder = await folderOf({
      ...series(heights),
      'a.xml': lidcXml([[{ ratings: ratingsOf(), regions }]]),
    });
    const out = `${await temporaryFolder()}/dataset`;
    const { warnings } = await prepareDataset({ folder, out });
    const { nodules } = await readDataset(out);
    const volume = 36 * (2.5 + 3 + 3 + 2.5);
    expect(nodules[0]?.diameter).toBeCloseTo(
      Math.cbrt((6 * volume) / Math.PI),
      3,
    );
    expect(nodules[0]?.z).toBeCloseTo(10.5, 3);
    expect(codes(warnings)).toContain('uneven-spacing');
  });

  it('is found by UID where UID and z contradict each other, with a warning that says both', async () => {
    const regions = [8, 9, 10, 11].map((z) => ({
      z: z + 5,
      sop: `1.2.3.${z}`,
      points: square(8, 8, 6),
    }));
    const folder = await folderOf({
      ...series(even),
      'a.xml': lidcXml([[{ ratings: ratingsOf(), regions }]]),
    });
    const out = `${await temporaryFolder()}/dataset`;
    const { warnings } = await prepareDataset({ folder, out });
    const { nodules } = await readDataset(out);
    expect(nodules[0]?.z).toBeCloseTo(9.5, 3);
    const told = warnings.find(({ code }) => code === 'uid-against-z');
    expect(told?.message).toMatch(
      /^4 contours .* 1\.2\.3\.8 is 8\.dcm, at z = 8 mm, and the contour says z = 13 mm/,
    );
  });
});
