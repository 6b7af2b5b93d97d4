import { type Label, labels } from '@clip-lung/lidc';
import { RandomStream } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Labelled } from './folds.js';
import { drawValidationPatients } from './validation.js';

describe('drawValidationPatients', () => {
  const draw = (nodules: readonly Labelled[], share: number, seed = 1) =>
    drawValidationPatients(nodules, {
      classes: labels,
      share,
      random: new RandomStream(seed),
    });

  it('draws the share of the patients, with that share of each class to within one patient', () => {
    fc.assert(
      fc.property(
        collections,
        fc.constantFrom(0.1, 0.2, 0.35, 0.5),
        fc.integer(),
        (nodules, share, seed) => {
          const patients = new Set(nodules.map(({ patient }) => patient));
          const drawn = draw(nodules, share, seed);
          expect(drawn.size).toBe(Math.round(share * patients.size));
          for (const label of labels) {
            const own = nodules.filter((nodule) => nodule.label === label);
            const inside = own.filter(({ patient }) => drawn.has(patient));
            expect(
              Math.abs(inside.length - share * own.length),
              label,
            ).toBeLessThanOrEqual(Math.max(1, largestPatient(nodules)));
          }
        },
      ),
    );
  });

  it('is a draw: another seed draws others, the same seed the same, whatever the order of the nodules', () => {
    const nodules = fc.sample(collections, { seed: 7, numRuns: 1 })[0] ?? [];
    const drawn = [...draw(nodules, 0.2)].sort();
    expect([...draw([...nodules].reverse(), 0.2)].sort()).toEqual(drawn);
    expect([...draw(nodules, 0.2, 2)].sort()).not.toEqual(drawn);
  });

  it.each([
    ['one patient', 1, 0.2, 0],
    ['two patients', 2, 0.2, 1],
    ['two patients, nearly all asked for', 2, 0.99, 1],
    ['a share of 0', 20, 0, 0],
    ['a share that rounds to none', 4, 0.01, 1],
  ])(
    'of %s draws at least one, and leaves at least one',
    (_, count, share, expected) => {
      const nodules = Array.from({ length: count }, (_, i) => ({
        patient: `P${i}`,
        label: 'benign' as const,
      }));
      expect(draw(nodules, share).size).toBe(expected);
    },
  );

  it('makes patients with one nodule and with many change places until the classes are even', () => {
    // Ten patients have nine benign nodules each, ten have one malignant.
    const nodules = Array.from({ length: 20 }, (_, i) =>
      Array.from({ length: i < 10 ? 9 : 1 }, () => ({
        patient: `P${i}`,
        label: i < 10 ? ('benign' as const) : ('malignant' as const),
      })),
    ).flat();
    const drawn = draw(nodules, 0.2);
    const of = (label: Label): number =>
      new Set(
        nodules
          .filter((nodule) => nodule.label === label)
          .map(({ patient }) => patient)
          .filter((patient) => drawn.has(patient)),
      ).size;
    expect([of('benign'), of('malignant')]).toEqual([2, 2]);
  });
});

/** Some dozens of patients, of one to six nodules each. */
const collections: fc.Arbitrary<readonly Labelled[]> = fc
  .array(fc.array(fc.constantFrom(...labels), { minLength: 1, maxLength: 6 }), {
    minLength: 30,
    maxLength: 120,
  })
  .map((patients) =>
    patients.flatMap((own, i) =>
      own.map((label) => ({ patient: `P${i}`, label })),
    ),
  );

function largestPatient(nodules: readonly Labelled[]): number {
  const counts = new Map<string, number>();
  for (const { patient } of nodules) {
    counts.set(patient, (counts.get(patient) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
