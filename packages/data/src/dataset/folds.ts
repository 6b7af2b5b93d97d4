import { at, RandomStream } from '@clip-lung/tensor';

import { OptionError, PatientLeakError } from '../errors.js';
import {
  countByPatient,
  countsOf,
  type Labelled,
  sumCounts,
  sumOf,
} from './patient-counts.js';

export type { Labelled };

/**
 * Divides nodules into folds: all nodules of a patient in one fold, and each class spread as evenly as that allows.
 * With fewer patients than folds some folds are empty.
 *
 * @returns the fold of each nodule, 0 to folds − 1
 * @throws {@link OptionError} unless there are at least two folds
 */
export function makeFolds(
  nodules: readonly Labelled[],
  {
    classes,
    folds,
    seed,
  }: {
    readonly classes: readonly string[];
    readonly folds: number;
    readonly seed: number;
  },
): number[] {
  if (!Number.isInteger(folds) || folds < 2) {
    throw new OptionError(`folds is ${folds}, expected a whole number ≥ 2`);
  }
  const shares = Array.from({ length: folds }, () => 1 / folds);
  return divide(nodules, {
    classes,
    shares,
    random: new RandomStream(seed, 'folds'),
  });
}

/**
 * Divides nodules into parts of given shares, patient by patient. The patients with most nodules go first, in random order
 * among equals, each to the part where the counts of the classes then come nearest to their shares (least sum of squared
 * differences, each class in units of its total).
 *
 * @param shares of the parts, together 1
 * @returns the part of each nodule
 * @throws {@link OptionError} for a nodule of none of the classes
 */
export function divide(
  nodules: readonly Labelled[],
  {
    classes,
    shares,
    random,
  }: {
    readonly classes: readonly string[];
    readonly shares: readonly number[];
    readonly random: RandomStream;
  },
): number[] {
  const counts = countByPatient(nodules, classes);
  // Sorted before shuffled, so that the order of the rows makes no difference.
  const patients = random
    .shuffle([...counts.keys()].sort())
    .map((name) => ({ name, own: countsOf(counts, name) }))
    .sort((a, b) => sumOf(b.own) - sumOf(a.own));
  const totals = sumCounts([...counts.values()], classes.length);

  const parts = shares.map((share) => ({ share, held: classes.map(() => 0) }));
  const partOf = new Map<string, number>();
  for (const { name, own } of patients) {
    const costs = parts.map(({ share, held }) =>
      addedCost(held, own, totals, share),
    );
    const best = costs.indexOf(Math.min(...costs));
    partOf.set(name, best);
    const { held } = at(parts, best, 'parts');
    for (const [k, n] of own.entries()) held[k] = at(held, k, 'classes') + n;
  }
  return nodules.map(({ patient }) => {
    const part = partOf.get(patient);
    if (part !== undefined) return part;
    throw new RangeError(`patient "${patient}" is in no part`);
  });
}

/** By how much the squared differences grow when `counts` are added to a part. */
function addedCost(
  part: readonly number[],
  counts: readonly number[],
  totals: readonly number[],
  share: number,
): number {
  let cost = 0;
  for (const [k, n] of counts.entries()) {
    const total = at(totals, k, 'classes');
    if (total === 0) continue;
    const excess = at(part, k, 'classes') - share * total;
    cost += (n * (2 * excess + n)) / total;
  }
  return cost;
}

/** @throws {@link PatientLeakError} when a patient is in two parts */
export function expectNoLeak(
  nodules: readonly Pick<Labelled, 'patient'>[],
  partOf: (index: number) => string | number | undefined,
): void {
  const parts = new Map<string, string | number>();
  for (const [index, { patient }] of nodules.entries()) {
    const part = partOf(index);
    if (part === undefined) continue;
    const other = parts.get(patient) ?? part;
    if (other !== part) {
      throw new PatientLeakError(
        `patient "${patient}" is in ${other} and in ${part}: a patient must be on one side of a split`,
      );
    }
    parts.set(patient, part);
  }
}
