import { type Label, labels } from '@clip-lung/lidc';
import { RandomStream } from '@clip-lung/tensor';

import { OptionError, PatientLeakError } from '../errors.js';

/** What a split needs to know of a nodule. */
export interface Labelled {
  readonly patient: string;
  readonly label: Label;
}

/**
 * Divides nodules into folds: all nodules of a patient in one fold, and each class spread as evenly as that allows.
 * With fewer patients than folds some folds are empty.
 *
 * @returns the fold of each nodule, 0 to folds − 1
 * @throws {@link OptionError} unless there are at least two folds
 */
export function makeFolds(
  nodules: readonly Labelled[],
  { folds, seed }: { readonly folds: number; readonly seed: number },
): number[] {
  if (!Number.isInteger(folds) || folds < 2) {
    throw new OptionError(`folds is ${folds}, expected a whole number ≥ 2`);
  }
  const shares = Array.from({ length: folds }, () => 1 / folds);
  return divide(nodules, shares, new RandomStream(seed, 'folds'));
}

/**
 * Divides nodules into parts of given shares, patient by patient. The patients with most nodules go first, in random order
 * among equals, each to the part where the counts of the classes then come nearest to their shares (least sum of squared
 * differences, each class in units of its total).
 *
 * @param shares of the parts, together 1
 * @returns the part of each nodule
 */
export function divide(
  nodules: readonly Labelled[],
  shares: readonly number[],
  random: RandomStream,
): number[] {
  const byPatient = new Map<string, number[]>();
  const totals = labels.map(() => 0);
  for (const { patient, label } of nodules) {
    const counts = byPatient.get(patient) ?? labels.map(() => 0);
    const k = labels.indexOf(label);
    if (k < 0) {
      throw new OptionError(
        `a nodule of patient "${patient}" is "${label}", expected ${labels.join(', ')}`,
      );
    }
    counts[k] = (counts[k] ?? 0) + 1;
    totals[k] = (totals[k] ?? 0) + 1;
    byPatient.set(patient, counts);
  }
  // Sorted before shuffled, so that the order of the rows makes no difference.
  const names = random.shuffle([...byPatient.keys()].sort());
  const sizeOf = (name: string): number =>
    (byPatient.get(name) ?? []).reduce((sum, n) => sum + n, 0);
  names.sort((a, b) => sizeOf(b) - sizeOf(a));

  const parts = shares.map(() => labels.map(() => 0));
  const partOf = new Map<string, number>();
  for (const name of names) {
    const counts = byPatient.get(name) ?? [];
    const costs = parts.map((part, p) =>
      addedCost(part, counts, totals, shares[p] ?? 0),
    );
    const best = costs.indexOf(Math.min(...costs));
    partOf.set(name, best);
    const part = parts[best] ?? [];
    for (const [k, n] of counts.entries()) part[k] = (part[k] ?? 0) + n;
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
    const total = totals[k] ?? 0;
    if (total === 0) continue;
    const excess = (part[k] ?? 0) - share * total;
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
