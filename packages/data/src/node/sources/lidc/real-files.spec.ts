import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  clusterByBruteForce,
  enclosedByBruteForce,
} from '../../../../test/brute-force.js';
import { resolveDuplicates } from '../../../lidc-xml/duplicates.js';
import { contourOddities } from '../../../lidc-xml/oddities.js';
import {
  contoursOf,
  type CtReadings,
  pointCount,
  type Region,
} from '../../../lidc-xml/readings.js';
import { clusterAnnotations } from '../../../nodules/cluster.js';
import { fillContour, rectangleAround } from '../../../nodules/fill.js';
import { contourPoints } from '../../../nodules/points.js';
import { estimatedIndices } from '../../../series/match.js';
import { inspectFolder } from './inspect-folder.js';
import { isXml, listFiles } from '../../series/list-files.js';
import { parseFiles } from './read-annotations.js';

const shared = fileURLToPath(
  new URL('../../../../../../../shared/lidc/', import.meta.url),
);
const archive = join(shared, 'tcia-lidc-xml.tar.xz');
const correction = '161-resubmitted-correction-3-9-12.xml';

describe.skipIf(!existsSync(archive))(
  `all real annotation files (skipped where ${archive} is absent)`,
  // Each reading of all files takes half a minute of a core, which other tests keep busy, too.
  { timeout: 600_000 },
  () => {
    let folder = '';
    let root = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'clip-lung-lidc-'));
      execFileSync('tar', ['-xJf', archive, '-C', folder]);
      root = join(folder, 'tcia-lidc-xml');
    }, 60_000);
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    /** What all CT files hold, parsed once for all tests that ask. */
    let parsed: readonly CtReadings[] | undefined;
    const readAll = async (): Promise<readonly CtReadings[]> => {
      parsed ??= parseFiles(
        (await listFiles(root)).filter(isXml),
      ).contents.filter((content) => content.kind === 'ct');
      return parsed;
    };

    it('have the counts of the collection, with and without its correction', async () => {
      const { perScan, warnings, ...counts } = await inspectFolder(root);
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
        oddities: {
          holes: 1012,
          open: 76,
          jumping: 407,
          singlePoints: 64,
          severalRegions: 339,
        },
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
      const known = perScan.filter(({ patient }) => patient !== null);
      expect(known).toHaveLength(16);
      for (const { xml, patient } of known) {
        expect(patient).toBe(patients.get(xml));
      }

      const count = (code: string) =>
        warnings.filter((warning) => warning.code === code).length;
      expect(count('superseded')).toBe(17);
      const lost = warnings.filter(({ message }) =>
        message.includes('says something else'),
      );
      expect(lost).toEqual([]);
      expect(count('rating-out-of-range')).toBe(1);
      expect(count('ratings-empty')).toBe(16);
      expect(count('ratings-zero')).toBe(2);
      expect(count('sessions')).toBe(2);
      expect(count('repeated-nodule-id')).toBe(2);

      // The correction concerns one folder: what it changes there is what it changes in all.
      const before = await inspectFolder(join(root, '157'));
      const copy = join(root, '157', correction);
      copyFileSync(join(shared, correction), copy);
      const after = await inspectFolder(join(root, '157'));
      rmSync(copy);
      const total = (
        name:
          | 'annotations'
          | 'contours'
          | 'smallMarks'
          | 'nonNodules'
          | 'scans',
      ) => counts[name] - before[name] + after[name];
      expect(total('scans')).toBe(1018);
      expect(total('annotations')).toBe(6859);
      expect(total('contours')).toBe(41406);
      expect(total('smallMarks')).toBe(13237);
      expect(total('nonNodules')).toBe(21663);
      expect(after.perScan.map(({ xml }) => xml)).toContain(correction);
    });

    it('have the odd contours of the collection, duplicates counted as well', async () => {
      const files = await readAll();
      const annotations = files.flatMap((file) => file.annotations);
      expect(contourOddities(annotations)).toEqual({
        holes: 1013,
        open: 76,
        jumping: 409,
        singlePoints: 64,
        severalRegions: 340,
      });
      // With the marks whose nine ratings are all zero, which are points and no annotations, these are 66 single points.
      const zero = files
        .flatMap(({ smallMarks }) => smallMarks)
        .filter(({ ratings }) => ratings === 'zero');
      expect(zero.flatMap(({ regions }) => regions.map(pointCount))).toEqual([
        1, 1,
      ]);
    });

    it('give about 2,650 nodules, and 14 scans in which one is too large', async () => {
      const { scans } = resolveDuplicates(await readAll());
      let nodules = 0;
      let unresolved = 0;
      for (const [number, readings] of scans.entries()) {
        const { index, spacing } = estimatedIndices(readings);
        const points = readings.annotations.map((annotation) =>
          contourPoints(annotation, index),
        );
        const found = clusterAnnotations(points, spacing);
        nodules += found.clusters.length;
        unresolved += found.resolved ? 0 : 1;
        if (number % 100 === 0) {
          expect(found).toEqual(clusterByBruteForce(points, spacing));
        }
      }
      // pylidc, which knows the true slice thickness, finds "about 2,650".
      expect(nodules).toBe(2654);
      expect(unresolved).toBe(14);
    });

    it('have contours that enclose no more than what a flood from outside does not reach', async () => {
      const files = await readAll();
      const rings = files
        .filter(({ file }) => file.startsWith('185/'))
        .flatMap(({ annotations }) => annotations.flatMap(contoursOf))
        .filter(isRing);
      let [inside, pockets, differing] = [0, 0, 0];
      for (const { points } of rings) {
        const rectangle = rectangleAround([points]);
        if (rectangle === undefined) continue;
        const enclosed = enclosedByBruteForce(points, rectangle);
        for (const [i, value] of fillContour(points, rectangle).entries()) {
          // A cleft whose mouth the contour's own voxels close is outside: the contour turns back there.
          const isPocket = enclosed[i] === 1 && value === 0;
          if (!isPocket && value !== enclosed[i]) differing += 1;
          pockets += isPocket ? 1 : 0;
          inside += value === 1 ? 1 : 0;
        }
      }
      expect(differing).toBe(0);
      expect(rings.length).toBeGreaterThan(4000);
      expect(pockets / inside).toBeLessThan(1e-3);
    });
  },
);

/** Whether each point is beside the one before, and the last beside the first: no flood gets through. */
function isRing({ points }: Region): boolean {
  const count = points.length / 2;
  const near = (a: number, b: number): boolean =>
    Math.abs((points[2 * a] ?? 0) - (points[2 * b] ?? 0)) <= 1 &&
    Math.abs((points[2 * a + 1] ?? 0) - (points[2 * b + 1] ?? 0)) <= 1;
  return Array.from({ length: count }, (_, i) => i).every((i) =>
    near(i, (i + 1) % count),
  );
}
