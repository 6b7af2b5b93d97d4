import {
  labels,
  type Subset,
  subsets,
  type ValidationUnit,
} from '@clip-lung/lidc';
import { RandomStream } from '@clip-lung/tensor';

import { OptionError } from '../errors.js';
import { divide, expectNoLeak, type Labelled } from './folds.js';
import type { Dataset, Part } from './nodule.js';
import { drawValidationPatients } from './validation.js';

export interface SplitOptions {
  readonly subset: Subset;
  /** the fold to test on */
  readonly fold: number;
  /** share of the training folds to validate on, 0 to below 1; by default 0.2 */
  readonly validation?: number | undefined;
  /** what that share counts; default `patients` */
  readonly validationBy?: ValidationUnit | undefined;
  readonly seed: number;
}

/** Rows of a dataset's nodules and crops, and the classes to tell apart. */
export interface Split {
  readonly classes: readonly string[];
  readonly train: number[];
  /** of the training folds, with the classes of training */
  readonly validation: number[];
  readonly test: number[];
}

/** What of a dataset a split follows from. */
export interface Divisible {
  readonly nodules: Dataset['nodules'];
  readonly manifest: Pick<Dataset['manifest'], 'classes'>;
}

const extremes: readonly string[] = ['benign', 'malignant'];

/**
 * Splits a dataset for one fold. The validation part is taken from the training folds: whole patients, evenly over the classes;
 * it depends on the seed, the fold and the classes alone. A dataset that has a split of its own keeps it, as fold 0.
 *
 * @throws {@link OptionError} for an unknown subset or fold, a subset that chooses among classes which the dataset does not
 *   have, or a fold without nodules to test on or to train on
 * @throws `PatientLeakError` when a patient would be on two sides
 */
export function splitFold(
  dataset: Divisible,
  {
    subset,
    fold,
    validation = 0.2,
    validationBy = 'patients',
    seed,
  }: SplitOptions,
): Split {
  const { nodules } = dataset;
  if (!(subsets as readonly string[]).includes(subset)) {
    throw new OptionError(
      `subset is "${subset}", expected one of ${subsets.join(', ')}`,
    );
  }
  if (!(validation >= 0 && validation < 1)) {
    throw new OptionError(
      `validation is ${validation}, expected a share from 0 to below 1`,
    );
  }
  const { classes, tested } = classesOfSubset(
    subset,
    dataset.manifest.classes.names,
  );
  const rows = nodules.map((nodule, row) => ({ ...nodule, row }));
  if (rows.some(({ part }) => part !== undefined)) {
    return ownSplit(rows, { subset, fold, classes });
  }
  const learnt = rows.filter(
    (nodule) => nodule.fold !== fold && classes.includes(nodule.label),
  );
  const random = new RandomStream(seed, 'validation', `fold-${fold}`);
  const isDrawn = drawValidation(learnt, validationBy, {
    classes,
    share: validation,
    random,
  });
  const rowsOf = (drawn: boolean): number[] =>
    learnt.filter((_, i) => isDrawn[i] === drawn).map(({ row }) => row);
  const split: Split = {
    classes,
    train: rowsOf(false),
    validation: rowsOf(true),
    test: rows
      .filter((nodule) => nodule.fold === fold && tested.includes(nodule.label))
      .map(({ row }) => row),
  };
  for (const part of ['test', 'train'] as const) {
    if (split[part].length > 0) continue;
    const folds = [...new Set(nodules.map((nodule) => nodule.fold))].sort();
    throw new OptionError(
      `fold ${fold} of subset ${subset} has no nodules to ${part} on; the dataset's ${nodules.length} nodules are in the folds ${folds.join(', ')}`,
    );
  }
  expectDisjoint(nodules, split);
  return split;
}

/**
 * The classes to tell apart in a subset, and those to test on.
 *
 * @param names the dataset's classes
 * @throws {@link OptionError} for a subset that chooses among classes which the dataset does not have
 */
export function classesOfSubset(
  subset: Subset,
  names: readonly string[],
): { readonly classes: readonly string[]; readonly tested: readonly string[] } {
  if (subset === 'A') return { classes: names, tested: names };
  const known = subset === 'B' ? labels : extremes;
  const isOfLidc = names.every((name) => labels.some((own) => own === name));
  if (!isOfLidc || !known.every((name) => names.includes(name))) {
    throw new OptionError(
      `data.subset is "${subset}", which chooses among ${known.join(', ')}, and the dataset's classes are ${names.join(', ')}; use subset A, which has all classes of the dataset`,
    );
  }
  const tested = names.filter((name) => extremes.includes(name));
  return { classes: subset === 'B' ? names : tested, tested };
}

/** Whether each nodule is one to validate on. */
function drawValidation(
  learnt: readonly Labelled[],
  by: ValidationUnit,
  {
    classes,
    share,
    random,
  }: {
    readonly classes: readonly string[];
    readonly share: number;
    readonly random: RandomStream;
  },
): readonly boolean[] {
  if (by === 'nodules') {
    const shares = [1 - share, share];
    return divide(learnt, { classes, shares, random }).map(
      (part) => part === 1,
    );
  }
  const patients = drawValidationPatients(learnt, { classes, share, random });
  return learnt.map(({ patient }) => patients.has(patient));
}

function ownSplit(
  rows: readonly (Dataset['nodules'][number] & { readonly row: number })[],
  {
    subset,
    fold,
    classes,
  }: Pick<SplitOptions, 'subset' | 'fold'> & Pick<Split, 'classes'>,
): Split {
  if (fold !== 0) {
    throw new OptionError(
      `fold is ${fold}, but the dataset has a split of its own, which is fold 0`,
    );
  }
  const missing = classes.find(
    (label) => !rows.some((nodule) => nodule.label === label),
  );
  if (missing !== undefined) {
    throw new OptionError(
      `subset ${subset} has the class "${missing}", of which the dataset has no nodules`,
    );
  }
  const rowsOf = (part: Part): number[] =>
    rows
      .filter((nodule) => nodule.part === part)
      .filter(({ label }) => classes.includes(label))
      .map(({ row }) => row);
  const split = {
    classes,
    train: rowsOf('train'),
    validation: rowsOf('validation'),
    test: rowsOf('test'),
  };
  expectDisjoint(rows, split);
  return split;
}

function expectDisjoint(nodules: Dataset['nodules'], split: Split): void {
  const sides = new Map<number, string>();
  for (const side of ['train', 'validation', 'test'] as const) {
    for (const row of split[side]) sides.set(row, side);
  }
  expectNoLeak(nodules, (row) => sides.get(row));
}
