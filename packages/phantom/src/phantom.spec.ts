import { type CtReadings, parseLidcXml } from '@clip-lung/data';
import { type Attribute, attributes, labels } from '@clip-lung/lidc';
import { beforeAll, describe, expect, it } from 'vitest';

import type { NoduleTruth } from './nodule.js';
import { type PhantomPatient, simulatePatient } from './patient.js';
import { definePhantom } from './phantom.js';
import { distance } from './vector.js';

const phantom = definePhantom({
  seed: 1,
  nodulesPerPatient: [3, 4],
  matrix: 96,
});
const count = 60;
let truth: readonly NoduleTruth[] = [];
/** The first patients, kept whole. */
let kept: readonly PhantomPatient[] = [];
/** Gaps between the surfaces of neighbouring nodules, and between a nodule's surface and the volume's faces, mm. */
const gaps: number[] = [];
const margins: number[] = [];

beforeAll(async () => {
  const all: NoduleTruth[] = [];
  const whole: PhantomPatient[] = [];
  for (let number = 1; number <= count; number++) {
    const patient = await simulatePatient(phantom, number);
    all.push(...patient.truth);
    if (number <= 12) whole.push(patient);
    const { nodules, volume } = patient.scan;
    nodules.forEach(({ center, shape }, i) => {
      for (const other of nodules.slice(i + 1)) {
        gaps.push(
          distance(center, other.center) - shape.reach - other.shape.reach,
        );
      }
      center.forEach((place, axis) => {
        const far =
          ((volume.size[axis] ?? 0) - 1) * (volume.spacing[axis] ?? 0);
        margins.push(place - shape.reach, far - place - shape.reach);
      });
    });
  }
  truth = all;
  kept = whole;
}, 120_000);

/** Ranks from 0; equal values share their mean rank. */
function ranks(values: readonly number[]): readonly number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length +
      (values.filter((other) => other === value).length - 1) / 2,
  );
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const center = (values: readonly number[]): readonly number[] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [center(a), center(b)];
  const product = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, value, i) => sum + value * (q[i] ?? 0), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** Spearman's. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  return correlation(ranks(a), ranks(b));
}

function trueValues(name: Attribute): readonly number[] {
  return truth.map((nodule) => nodule.attributes[name]);
}

const parsed = new Map<string, CtReadings>();

function readingsOf(patient: PhantomPatient): CtReadings {
  const known = parsed.get(patient.id);
  if (known !== undefined) return known;
  const file = patient.files.find(({ name }) => name.endsWith('.xml'));
  const readings = parseLidcXml(
    file?.bytes ?? new Uint8Array(0),
    file?.name ?? '',
  );
  if (readings.kind !== 'ct') throw new Error('expected a CT reading');
  parsed.set(patient.id, readings);
  return readings;
}

describe('the nodules of a phantom', () => {
  it('have balanced classes, none close to half', () => {
    const shares = labels.map(
      (label) =>
        truth.filter((nodule) => nodule.label === label).length / truth.length,
    );
    const [benign = 0, unsure = 0, malignant = 0] = shares;
    // Over 200 nodules, the reader's noise alone moves a share by about 0.02.
    expect(Math.abs(benign - 0.38)).toBeLessThan(0.06);
    expect(Math.abs(unsure - 0.27)).toBeLessThan(0.06);
    expect(Math.abs(malignant - 0.35)).toBeLessThan(0.06);
    expect(Math.max(...shares)).toBeLessThan(0.45);
  });

  it.each(attributes)('are rated by %s as they are', (name) => {
    const ratings = truth.map((nodule) => nodule.ratings[name]);
    expect(rankCorrelation(trueValues(name), ratings)).toBeGreaterThan(0.8);
  });

  it('are rated malignant as they are', () => {
    const ratings = truth.map((nodule) => nodule.ratings.malignancy);
    const malignancy = truth.map((nodule) => nodule.malignancy);
    expect(rankCorrelation(malignancy, ratings)).toBeGreaterThan(0.9);
  });

  it('have correlated attributes, as real ones: spiculated, lobulated, poorly defined, and malignant', () => {
    const malignancy = truth.map((nodule) => nodule.malignancy);
    const spiculation = trueValues('spiculation');
    expect(
      rankCorrelation(spiculation, trueValues('lobulation')),
    ).toBeGreaterThan(0.5);
    expect(rankCorrelation(spiculation, trueValues('margin'))).toBeLessThan(
      -0.5,
    );
    expect(rankCorrelation(spiculation, malignancy)).toBeGreaterThan(0.7);
    // Size must not give it away: crops are scaled to the diameter.
    const diameters = truth.map((nodule) => nodule.diameter);
    expect(rankCorrelation(diameters, malignancy)).toBeLessThan(0.5);
    const calcified = truth.filter(({ attributes: { calcification } }) =>
      [1, 2, 3, 5].includes(calcification),
    );
    expect(calcified.length).toBeGreaterThan(10);
    expect(calcified.every(({ label }) => label === 'benign')).toBe(true);
  });

  it('have from one to four readers', () => {
    const readers = new Set(truth.map((nodule) => nodule.readers));
    expect(Math.min(...readers)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...readers)).toBe(4);
    expect(readers.size).toBeGreaterThanOrEqual(3);
  });

  it('are 4 to 20 mm, apart, and inside', () => {
    for (const { diameter } of truth) {
      expect(diameter).toBeGreaterThanOrEqual(4);
      expect(diameter).toBeLessThanOrEqual(20);
    }
    expect(Math.min(...gaps)).toBeGreaterThan(8);
    expect(Math.min(...margins)).toBeGreaterThan(1);
  });
});

describe('what nodules touch', () => {
  const solid = (): readonly {
    readonly patient: PhantomPatient;
    readonly nodule: PhantomPatient['scan']['nodules'][number];
  }[] =>
    kept.flatMap((patient) =>
      patient.scan.nodules
        .filter(
          ({ attributes }) =>
            attributes.texture > 4 && attributes.internalStructure === 1,
        )
        .map((nodule) => ({ patient, nodule })),
    );

  /** HU at a place in the volume's mm, of the nearest voxel. */
  function huAt({ scan }: PhantomPatient, place: readonly number[]): number {
    const { size, spacing } = scan.volume;
    const [i = 0, j = 0, k = 0] = place.map((mm, axis) =>
      Math.round(mm / (spacing[axis] ?? NaN)),
    );
    return scan.hu[(k * size[1] + j) * size[0] + i] ?? NaN;
  }

  it('is a vessel or the pleura for some, whatever they are', () => {
    for (const label of labels) {
      const own = truth.filter((nodule) => nodule.label === label);
      for (const attachment of ['vessel', 'pleura'] as const) {
        const share =
          own.filter((nodule) => nodule.attachment === attachment).length /
          own.length;
        // 0.18 and 0.12, of 60 nodules at least: the error is 0.05.
        expect(share).toBeGreaterThan(0.02);
        expect(share).toBeLessThan(0.32);
      }
    }
  });

  it('is seen: no lung between a nodule and the pleura that it is on, and lung before all others', () => {
    const found = new Set<string>();
    for (const { patient, nodule } of solid()) {
      const [x, y, z] = nodule.center;
      const step = patient.scan.volume.spacing[0];
      const way = Array.from({ length: Math.floor(x / step) }, (_, i) =>
        huAt(patient, [x - i * step, y, z]),
      );
      found.add(nodule.attachment);
      const least = Math.min(...way);
      if (nodule.attachment === 'pleura') expect(least).toBeGreaterThan(-450);
      else expect(least).toBeLessThan(-700);
    }
    expect([...found].sort()).toEqual(['none', 'pleura', 'vessel']);
  });

  it('is seen: a vessel that ends in its nodule', () => {
    let seen = 0;
    for (const { patient, nodule } of solid()) {
      if (nodule.attachment !== 'vessel') continue;
      const vessel = patient.scan.vessels.find(
        ({ start }) => start === nodule.center,
      );
      if (vessel === undefined) throw new Error('expected a vessel');
      const length = distance(vessel.start, vessel.end);
      const { size, spacing } = patient.scan.volume;
      const along: number[] = [];
      for (let mm = 1.2 * nodule.shape.reach; mm < length; mm += 0.5) {
        const place = vessel.start.map(
          (from, axis) =>
            from + ((vessel.end[axis] ?? NaN) - from) * (mm / length),
        );
        const inside = place.every(
          (at, axis) =>
            at >= 0 && at <= ((size[axis] ?? 0) - 1) * (spacing[axis] ?? 0),
        );
        if (inside) along.push(huAt(patient, place));
      }
      if (along.length < 10) continue;
      const mean = along.reduce((sum, hu) => sum + hu, 0) / along.length;
      expect(mean).toBeGreaterThan(-650);
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });
});

describe('the annotation file', () => {
  it('is read back to the ratings', () => {
    for (const patient of kept) {
      const { annotations, sessions } = readingsOf(patient);
      expect(sessions).toBe(4);
      patient.truth.forEach((nodule) => {
        const own = annotations.filter(
          ({ noduleId }) => noduleId === String(nodule.nodule),
        );
        expect(own).toHaveLength(nodule.readers);
        const sum = own.reduce(
          (total, { ratings }) => total + ratings.spiculation,
          0,
        );
        expect(sum / own.length).toBeCloseTo(nodule.ratings.spiculation, 10);
        expect(own.flatMap(({ flagged }) => flagged)).toEqual([]);
      });
    }
  });

  it('has small marks of one point, and non-nodules', () => {
    const all = kept.map(readingsOf);
    const marks = all.flatMap(({ smallMarks }) => smallMarks);
    expect(marks.length).toBeGreaterThan(0);
    for (const { ratings, regions } of marks) {
      expect(ratings).toBe('absent');
      expect(regions.map(({ points }) => points.length)).toEqual([2]);
    }
    expect(all.flatMap(({ nonNodules }) => nonNodules).length).toBeGreaterThan(
      0,
    );
  });

  /** Contour points of an annotation as [column, row, slice from the lowest]. */
  function voxelsOf(
    patient: PhantomPatient,
    session: number,
    id: string,
  ): readonly (readonly number[])[] {
    const { sliceThickness } = patient.scan.scanner;
    const annotation = readingsOf(patient).annotations.find(
      (one) => one.session === session && one.noduleId === id,
    );
    return (annotation?.regions ?? []).flatMap(({ points, z }) =>
      Array.from({ length: points.length / 2 }, (_, i) => [
        points[2 * i] ?? NaN,
        points[2 * i + 1] ?? NaN,
        (z - patient.origin[2]) / sliceThickness,
      ]),
    );
  }

  it('keeps contours where readers of one nodule are linked, and nodules are not', () => {
    const [patient] = kept;
    if (patient === undefined) throw new Error('no patient');
    const { sliceThickness } = patient.scan.scanner;
    const drawn = [0, 1, 2, 3].flatMap((session) =>
      patient.truth.flatMap(({ nodule }) => {
        const voxels = voxelsOf(patient, session, String(nodule));
        return voxels.length > 0 ? [{ nodule, voxels }] : [];
      }),
    );
    drawn.forEach((a, i) => {
      for (const b of drawn.slice(i + 1)) {
        const least = Math.min(
          ...a.voxels.flatMap((p) =>
            b.voxels.map((q) =>
              Math.hypot(...p.map((value, axis) => value - (q[axis] ?? NaN))),
            ),
          ),
        );
        if (a.nodule === b.nodule)
          expect(least).toBeLessThanOrEqual(sliceThickness);
        else expect(least).toBeGreaterThan(sliceThickness);
      }
    });
  });

  it('puts contours around the nodule, on its own slices', () => {
    for (const patient of kept) {
      const { spacing } = patient.scan.volume;
      for (const { nodule, voxel, readers } of patient.truth) {
        let seen = 0;
        for (let session = 0; session < 4; session++) {
          const voxels = voxelsOf(patient, session, String(nodule));
          if (voxels.length === 0) continue;
          seen++;
          const reach =
            (patient.scan.nodules[nodule - 1]?.shape.reach ?? 0) + 0.5;
          for (const point of voxels) {
            const mm = point.map(
              (value, axis) =>
                (value - (voxel[axis] ?? 0)) * (spacing[axis] ?? 0),
            );
            // One voxel outside the surface, diagonally at most.
            expect(Math.hypot(...mm)).toBeLessThan(reach + 1.5 * spacing[0]);
          }
        }
        expect(seen).toBe(readers);
      }
    }
  });
});

describe('simulatePatient', () => {
  it('pauses between its parts, and ends where a pause throws', async () => {
    const small = definePhantom({ matrix: 64 });
    let pauses = 0;
    const patient = await simulatePatient(small, 1, () => {
      pauses++;
      return Promise.resolve();
    });
    expect(patient.files).toEqual((await simulatePatient(small, 1)).files);
    // Five in the scan, one before it is read, and one every eight slices.
    const slices = patient.files.length - 1;
    expect(pauses).toBe(6 + Math.floor(slices / 8));
    for (let last = 1; last <= pauses; last++) {
      let left = last;
      const ended = simulatePatient(small, 1, () =>
        --left > 0 ? Promise.resolve() : Promise.reject(new Error('enough')),
      );
      await expect(ended).rejects.toThrow('enough');
    }
  });

  it('gives the same bytes for the same seed and number, whatever else the phantom holds', async () => {
    const [first] = kept;
    const again = await simulatePatient(
      definePhantom({
        seed: 1,
        patients: 2,
        nodulesPerPatient: [3, 4],
        matrix: 96,
      }),
      1,
    );
    expect(again.files.map(({ name }) => name)).toEqual(
      first?.files.map(({ name }) => name),
    );
    const same = again.files.every(({ bytes }, i) =>
      Buffer.from(bytes).equals(first?.files[i]?.bytes ?? new Uint8Array(0)),
    );
    expect(same).toBe(true);
  });

  it('gives others for another seed', async () => {
    const other = await simulatePatient(definePhantom({ seed: 2 }), 1);
    expect(other.truth).not.toEqual(kept[0]?.truth);
  });

  it('fits nodules even into a small field', async () => {
    const small = definePhantom({ matrix: 64, nodulesPerPatient: [3, 3] });
    for (const number of [1, 2, 3, 4, 5, 6]) {
      expect((await simulatePatient(small, number)).truth).toHaveLength(3);
    }
  });
});

describe('definePhantom', () => {
  it.each([
    [{ patients: 0 }, 'patients'],
    [{ patients: 2.5 }, 'patients'],
    [{ seed: -1 }, 'seed'],
    [{ matrix: 32 }, 'matrix'],
    [{ nodulesPerPatient: [3, 2] as const }, 'nodulesPerPatient'],
  ])('refuses %o', (options, name) => {
    expect(() => definePhantom(options)).toThrow(name);
  });
});
