import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Dataset, type LidcRecord } from '@clip-lung/data';
import { prepareDataset, readDataset } from '@clip-lung/data/node';
import { attributes } from '@clip-lung/lidc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { NoduleTruth } from '../nodule.js';
import { patientId, simulatePatient } from '../patient.js';
import { definePhantom } from '../phantom.js';
import { scanners } from '../scanner.js';
import { distance } from '../vector.js';
import { writePhantom } from './write-phantom.js';

/** The same phantom as files and in memory. Ten patients had, at this seed, all makes of scanner. */
const options = { patients: 10, seed: 3 };
let folder = '';
let dataset: Dataset;
let truth: readonly NoduleTruth[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prepare-phantom-'));
  await writePhantom({ out: join(folder, 'phantom'), ...options });
  await prepareDataset({
    folder: join(folder, 'phantom'),
    out: join(folder, 'dataset'),
  });
  dataset = await readDataset(join(folder, 'dataset'));
  const phantom = definePhantom(options);
  const patients = await Promise.all(
    Array.from({ length: options.patients }, (_, i) =>
      simulatePatient(phantom, i + 1),
    ),
  );
  truth = patients.flatMap((patient) => patient.truth);
  expect(new Set(patients.map(({ scan }) => scan.scanner)).size).toBe(
    scanners.length,
  );
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a dataset prepared from a phantom', () => {
  it('says that it is simulated, and that nothing was odd', () => {
    expect(dataset.manifest.collection).toBe('phantom');
    expect(dataset.manifest.warnings).toEqual([]);
    expect(lidcCounts(dataset)).toMatchObject({
      scans: options.patients,
      xmlFiles: options.patients,
      failedScans: 0,
      unresolvedScans: 0,
      leftOut: 0,
    });
  });

  it('holds each nodule once, with its readers, ratings and class', () => {
    expect(dataset.nodules).toHaveLength(truth.length);
    expect(dataset.nodules[0]?.patient).toBe(patientId(1));
    for (const nodule of truth) {
      const found = nearest(nodule);
      expect(found.readers).toBe(nodule.readers);
      expect(found.label).toBe(nodule.label);
      for (const name of attributes) {
        // Tables hold four decimals.
        expect(found.ratings?.[name]).toBeCloseTo(nodule.ratings[name], 3);
      }
    }
  });

  it('finds the centre and the diameter that were simulated', () => {
    const errors = truth.map((nodule) => {
      const { x, y, z, diameter } = nearest(nodule);
      return {
        place: distance([x, y, z], nodule.center),
        size: diameter / nodule.diameter - 1,
      };
    });
    // Readers outline up to 0.4 mm too wide or tight; a nodule covers few slices of up to 2.5 mm.
    for (const { place, size } of errors) {
      expect(place).toBeLessThan(2);
      expect(Math.abs(size)).toBeLessThan(0.25);
    }
    const bias =
      errors.reduce((sum, { size }) => sum + size, 0) / errors.length;
    expect(Math.abs(bias)).toBeLessThan(0.06);
  });

  it('holds crops that show the nodule in the middle of lung', () => {
    dataset.nodules.forEach((nodule, n) => {
      const hu = (z: number, y: number, x: number): number =>
        dataset.crops.data[((n * 32 + z) * 32 + y) * 32 + x] ?? NaN;
      let middle = 0;
      let rim = 0;
      for (let i = 0; i < 64; i++) {
        const [z, y, x] = [14 + (i >> 4), 14 + ((i >> 2) & 3), 14 + (i & 3)];
        middle += hu(z, y, x) / 64;
        const corner = (at: number): number => (at < 16 ? at - 14 : at + 14);
        rim += hu(corner(z), corner(y), corner(x)) / 64;
      }
      if ((nodule.ratings?.internalStructure ?? 5) < 3) {
        expect(middle).toBeGreaterThan(rim + 50);
      }
    });
  });
});

function nearest({ patient, center }: NoduleTruth): Dataset['nodules'][number] {
  const away = ({ x, y, z }: Dataset['nodules'][number]): number =>
    distance([x, y, z], center);
  const [found] = dataset.nodules
    .filter((nodule) => nodule.patient === patient)
    .sort((a, b) => away(a) - away(b));
  if (found === undefined) throw new Error(`no nodule of ${patient}`);
  return found;
}

function lidcCounts({ manifest: { source } }: Dataset): LidcRecord['counts'] {
  if (source.name === 'lidc') return source.counts;
  throw new TypeError(`the dataset is of ${source.name}`);
}
