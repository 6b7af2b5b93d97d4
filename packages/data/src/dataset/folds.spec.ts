import { type Label, labels, subsets } from '@clip-lung/lidc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { OptionError, PatientLeakError } from '../errors.js';
import { expectNoLeak, type Labelled, makeFolds } from './folds.js';
import type { DatasetNodule } from './nodule.js';
import { type Divisible, splitFold } from './split.js';

const manifest = { classes: { names: [...labels], ordered: true } };

const nodule = fc.record({
  patient: fc.integer({ min: 1, max: 40 }).map((n) => `P${n}`),
  label: fc.constantFrom(...labels),
});
const manyNodules = fc.array(nodule, { minLength: 1, maxLength: 150 });

function withFolds(
  nodules: readonly Labelled[],
  seed = 1,
): { nodules: DatasetNodule[]; manifest: Divisible['manifest'] } {
  const folds = makeFolds(nodules, { classes: labels, folds: 5, seed });
  return {
    manifest,
    nodules: nodules.map(
      (item, i) => ({ ...item, fold: folds[i] ?? 0 }) as DatasetNodule,
    ),
  };
}

/** About as many nodules and patients as LIDC-IDRI has, of the same classes. */
function collection(): Labelled[] {
  return Array.from({ length: 2600 }, (_, i) => ({
    patient: `P${(i * i + 7 * i) % 871}`,
    label: labels[i % 10 < 4 ? 0 : i % 10 < 8 ? 1 : 2],
  }));
}

it('a nodule of no class is refused, not counted nowhere', () => {
  const nodules = [{ patient: 'p', label: 'Benign' }];
  expect(() =>
    makeFolds(nodules, { classes: labels, folds: 2, seed: 1 }),
  ).toThrow(
    /a nodule of patient "p" is "Benign", expected benign, unsure, malignant/,
  );
});

describe('makeFolds', () => {
  it('keeps every patient in one fold', () => {
    fc.assert(
      fc.property(
        manyNodules,
        fc.integer({ min: 2, max: 7 }),
        fc.integer(),
        (nodules, folds, seed) => {
          const parts = makeFolds(nodules, { classes: labels, folds, seed });
          expect(parts).toHaveLength(nodules.length);
          expect(
            parts.every(
              (part) => Number.isInteger(part) && part >= 0 && part < folds,
            ),
          ).toBe(true);
          const patients = new Set(
            nodules.map((item, i) => `${item.patient} ${parts[i]}`),
          );
          expect(patients.size).toBe(
            new Set(nodules.map(({ patient }) => patient)).size,
          );
        },
      ),
    );
  });

  it('spreads every class evenly', () => {
    const nodules = collection();
    const folds = makeFolds(nodules, { classes: labels, folds: 5, seed: 3 });
    for (const label of labels) {
      const total = nodules.filter((item) => item.label === label).length;
      for (let fold = 0; fold < 5; fold++) {
        const there = nodules.filter(
          (item, i) => item.label === label && folds[i] === fold,
        ).length;
        // Patients have three nodules on the average, so two nodules is as even as can be asked for.
        expect(Math.abs(there - total / 5)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('depends on the seed, and not on the order of the nodules', () => {
    const nodules = collection();
    const folds = makeFolds(nodules, { classes: labels, folds: 5, seed: 1 });
    expect(makeFolds(nodules, { classes: labels, folds: 5, seed: 1 })).toEqual(
      folds,
    );
    expect(
      makeFolds(nodules, { classes: labels, folds: 5, seed: 2 }),
    ).not.toEqual(folds);
    expect(
      makeFolds([...nodules].reverse(), { classes: labels, folds: 5, seed: 1 }),
    ).toEqual([...folds].reverse());
  });

  it('refuses fewer than two folds', () => {
    expect(() => makeFolds([], { classes: labels, folds: 1, seed: 1 })).toThrow(
      OptionError,
    );
  });
});

describe('splitFold', () => {
  const dataset = withFolds(collection());
  const labelsOf = (rows: readonly number[]): Label[] =>
    labels.filter((label) =>
      rows.some((row) => dataset.nodules[row]?.label === label),
    );

  it.each([
    ['A', ['benign', 'unsure', 'malignant'], ['benign', 'unsure', 'malignant']],
    ['B', ['benign', 'unsure', 'malignant'], ['benign', 'malignant']],
    ['C', ['benign', 'malignant'], ['benign', 'malignant']],
  ] as const)('gives subset %s its classes', (subset, trained, tested) => {
    const { classes, train, validation, test } = splitFold(dataset, {
      subset,
      fold: 2,
      seed: 1,
    });
    expect(classes).toEqual(trained);
    expect(labelsOf(train)).toEqual(trained);
    expect(labelsOf(validation)).toEqual(trained);
    expect(labelsOf(test)).toEqual(tested);
    const all = dataset.nodules.filter((item) =>
      trained.some((label) => label === item.label),
    );
    expect(train.length + validation.length).toBe(
      all.filter(({ fold }) => fold !== 2).length,
    );
    expect(test.length).toBe(
      dataset.nodules.filter(
        (item) =>
          item.fold === 2 && tested.some((label) => label === item.label),
      ).length,
    );
    expect(validation.length / (train.length + validation.length)).toBeCloseTo(
      0.2,
      2,
    );
  });

  it('never has a patient on two sides', () => {
    fc.assert(
      fc.property(
        manyNodules,
        fc.constantFrom(...subsets),
        fc.nat(4),
        fc.integer(),
        (nodules, subset, fold, seed) => {
          const data = withFolds(nodules, seed);
          let split;
          try {
            split = splitFold(data, { subset, fold, seed });
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError);
            return;
          }
          const sides = [split.train, split.validation, split.test];
          const patients = sides.flatMap((rows) => [
            ...new Set(rows.map((row) => data.nodules[row]?.patient)),
          ]);
          expect(new Set(patients).size).toBe(patients.length);
          expect(new Set(sides.flat()).size).toBe(sides.flat().length);
        },
      ),
    );
  });

  it('refuses a dataset whose folds share a patient', () => {
    const nodules = dataset.nodules.map((item, i) =>
      i === 0 ? { ...item, fold: (item.fold + 1) % 5 } : item,
    );
    const { fold = 0, patient = '' } = nodules[0] ?? {};
    expect(
      nodules.filter((item) => item.patient === patient).length,
    ).toBeGreaterThan(1);
    expect(() =>
      splitFold({ nodules, manifest }, { subset: 'A', fold, seed: 1 }),
    ).toThrow(PatientLeakError);
    expect(() => {
      expectNoLeak(nodules, (i) => nodules[i]?.fold);
    }).toThrow(`patient "${patient}"`);
  });

  it('takes no nodules to validate on where none are asked for', () => {
    expect(
      splitFold(dataset, { subset: 'A', fold: 0, validation: 0, seed: 1 })
        .validation,
    ).toEqual([]);
  });

  it.each([
    [{ fold: 7 }, /fold 7 of subset A has no nodules to test on/],
    [{ validation: 1 }, /validation is 1/],
    [{ subset: 'D' as 'A' }, /subset is "D", expected one of A, B, C/],
  ])('refuses %o', (options, message) => {
    const split = () =>
      splitFold(dataset, { subset: 'A', fold: 0, seed: 1, ...options });
    expect(split).toThrow(message);
    expect(split).toThrow(OptionError);
  });
});
