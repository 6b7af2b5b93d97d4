import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  square,
} from '../../../../test/synthetic.js';
import { InputError } from '../../../errors.js';
import { inspectFolder } from './inspect-folder.js';

const nodule = {
  ratings: ratingsOf({ malignancy: 4, internalStructure: 5 }),
  regions: [
    { z: 1, points: square(3, 4, 2) },
    { z: 2, points: [[7, 8]] as const },
  ],
};

describe('inspectFolder', () => {
  it('counts what the files say', async () => {
    const folder = await folderOf({
      'LIDC-IDRI-0007/study/a.xml': lidcXml(
        [[nodule], [{ regions: [] }]],
        '1.2.3',
      ),
      'b.XML': lidcXml([[nodule, nodule]], '1.2.4'),
      'c/broken.xml': lidcXml([[nodule]]).slice(0, 300),
      'c/other.txt': 'no XML',
      'r.xml': '<IdriReadMessage xmlns="http://www.nih.gov/idri"/>',
    });
    const inspection = await inspectFolder(folder);
    expect(inspection).toMatchObject({
      files: 4,
      ct: 2,
      radiographs: 1,
      unreadable: 1,
      duplicates: 0,
      scans: 2,
      patients: 2,
      annotations: 3,
      contours: 3,
      smallMarks: 1,
      nonNodules: 0,
    });
    expect(inspection.perScan[0]).toEqual({
      xml: 'LIDC-IDRI-0007/study/a.xml',
      patient: 'LIDC-IDRI-0007',
      seriesUid: '1.2.3',
      annotations: 1,
      contours: 1,
      points: 12,
      malignancySum: 4,
      ratingsSum: 3 + 5 + 6 + 3 + 3 + 3 + 3 + 3 + 4,
      smallMarks: 1,
      nonNodules: 0,
      // The square's last point is beside its first, not the same.
      oddities: {
        holes: 0,
        open: 1,
        jumping: 0,
        singlePoints: 1,
        severalRegions: 0,
      },
    });
    expect(inspection.perScan[1]).toMatchObject({
      xml: 'b.XML',
      patient: null,
    });
    const codes = inspection.warnings.map(
      ({ code, file }) => `${code} ${file}`,
    );
    expect(codes).toContain('unreadable-xml c/broken.xml');
    expect(codes).toContain('rating-out-of-range b.XML');
  });

  it('takes a single file, and finds the patient above it', async () => {
    const folder = await folderOf({
      'LIDC-IDRI-0009/a.xml': lidcXml([[nodule]]),
    });
    const { scans, perScan } = await inspectFolder(
      join(folder, 'LIDC-IDRI-0009/a.xml'),
    );
    expect(scans).toBe(1);
    expect(perScan[0]).toMatchObject({
      xml: 'a.xml',
      patient: 'LIDC-IDRI-0009',
    });
  });

  it('refuses a folder without annotation files, and says what was expected', async () => {
    const empty = inspectFolder(await folderOf({ 'a.txt': '' }));
    await expect(empty).rejects.toThrow(InputError);
    await expect(empty).rejects.toThrow(
      /none of its 1 files is named \*\.xml\. Expected the XML files/,
    );
    const broken = inspectFolder(
      await folderOf({ 'a.xml': '<LidcReadMessage' }),
    );
    await expect(broken).rejects.toThrow(/the first because a\.xml: /);
    await expect(inspectFolder('/nowhere')).rejects.toThrow(InputError);
  });

  it('stops when it is told to', async () => {
    const folder = await folderOf({ 'a.xml': lidcXml([[nodule]]) });
    const stopped = inspectFolder(folder, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/abort/);
  });
});
