import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  square,
  temporaryFolder,
} from '../../test/synthetic.js';
import { InputError } from '../errors.js';
import { inspectFolder } from './inspect-folder.js';

const shared = fileURLToPath(
  new URL('../../../../../shared/lidc/', import.meta.url),
);
const archive = join(shared, 'tcia-lidc-xml.tar.xz');
const correction = '161-resubmitted-correction-3-9-12.xml';

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

describe.skipIf(!existsSync(archive))(
  `all real files (skipped where ${archive} is absent)`,
  () => {
    it('gives the counts of the collection, with and without its correction', async () => {
      const folder = await temporaryFolder();
      execFileSync('tar', ['-xJf', archive, '-C', folder]);
      const root = join(folder, 'tcia-lidc-xml');

      const started = performance.now();
      const { perScan, warnings, ...counts } = await inspectFolder(root);
      expect(performance.now() - started).toBeLessThan(30_000);
      expect(counts).toEqual({
        files: 1318,
        ct: 1035,
        radiographs: 283,
        unreadable: 0,
        duplicates: 17,
        scans: 1018,
        patients: 1010,
        annotations: 6860,
        contours: 41429,
        smallMarks: 13237,
        nonNodules: 21662,
      });
      const expected = readFileSync(join(shared, 'scans.csv'), 'utf8')
        .trim()
        .split(/\r?\n/)
        .slice(1)
        .map((line) => line.split(','));
      expect(perScan.map(({ xml }) => xml)).toEqual(
        expected.map(([xml]) => xml).sort(),
      );
      const patients = new Map(
        expected.map(([xml, patient]) => [xml, patient]),
      );
      for (const { xml, patient } of perScan) {
        if (patient !== null) expect(patient).toBe(patients.get(xml));
      }
      const count = (code: string) =>
        warnings.filter((warning) => warning.code === code).length;
      expect(count('superseded')).toBe(17);
      expect(
        warnings.filter(({ message }) =>
          message.includes('says something else'),
        ),
      ).toEqual([]);
      expect(count('rating-out-of-range')).toBe(1);
      expect(count('ratings-empty')).toBe(16);
      expect(count('ratings-zero')).toBe(2);
      expect(count('sessions')).toBe(2);
      expect(count('repeated-nodule-id')).toBe(2);

      // The correction concerns one folder: what it changes there is what it changes in all.
      const before = await inspectFolder(join(root, '157'));
      copyFileSync(join(shared, correction), join(root, '157', correction));
      const corrected = await inspectFolder(join(root, '157'));
      const total = (
        name:
          | 'annotations'
          | 'contours'
          | 'smallMarks'
          | 'nonNodules'
          | 'scans',
      ) => counts[name] - before[name] + corrected[name];
      expect(total('scans')).toBe(1018);
      expect(total('annotations')).toBe(6859);
      expect(total('contours')).toBe(41406);
      expect(total('smallMarks')).toBe(13237);
      expect(total('nonNodules')).toBe(21663);
      expect(corrected.perScan.map(({ xml }) => xml)).toContain(correction);
    });
  },
);
