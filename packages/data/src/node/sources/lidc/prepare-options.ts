import { availableParallelism } from 'node:os';

import {
  cropSize,
  type LabelStatistic,
  labelStatistics,
  type Rule,
  rules,
} from '@clip-lung/lidc';

import { OptionError } from '../../../errors.js';
import type { JobOptions } from '../../../progress.js';

/** How to make a dataset of a folder of LIDC-IDRI. */
export interface PrepareOptions extends JobOptions {
  /** holds the annotation files and the CT series, in any layout */
  readonly folder: string;
  /** the dataset folder to write; a dataset that is there already is replaced */
  readonly out: string;
  /** nodules that fewer readers annotated are left out; by default 1 */
  readonly minReaders?: number | undefined;
  /** by default `pylidc` */
  readonly rule?: Rule | undefined;
  /** what of the malignancy ratings decides the class; by default the mean */
  readonly label?: LabelStatistic | undefined;
  /** by how much to store crops larger than a model sees them, for augmentation: 1.5 gives 48³; by default 1 */
  readonly margin?: number | undefined;
  /** by default 5 */
  readonly folds?: number | undefined;
  /** of the division into folds; by default 1 */
  readonly seed?: number | undefined;
  /** threads to prepare scans in; for few files 1 stands for none beside this one; by default one for each processor, at most 4 */
  readonly workers?: number | undefined;
  /** prepares only these patients, or only so many, the first by their IDs */
  readonly patients?: readonly string[] | number | undefined;
  /** ends with an error at the first scan that cannot be prepared, instead of recording it */
  readonly strict?: boolean | undefined;
}

/** The options with their defaults. */
export interface CheckedOptions {
  readonly minReaders: number;
  readonly rule: Rule;
  readonly label: LabelStatistic;
  readonly margin: number;
  readonly folds: number;
  readonly seed: number;
  readonly workers: number;
  readonly patients: readonly string[] | number | null;
  readonly strict: boolean;
}

/** The options that decide what one scan gives. */
export type ScanOptions = Pick<
  CheckedOptions,
  'minReaders' | 'rule' | 'label' | 'margin'
>;

/** Fills in the defaults. @throws {@link OptionError} for a value out of range */
export function checkOptions(options: PrepareOptions): CheckedOptions {
  const { rule = 'pylidc', label = 'mean', margin = 1, seed = 1 } = options;
  const { minReaders = 1, folds = 5, strict = false } = options;
  const { workers = Math.min(4, availableParallelism()) } = options;
  const { patients = null } = options;
  expectOneOf('rule', rule, rules);
  expectOneOf('label', label, labelStatistics);
  expectWhole('minReaders', minReaders, 1, 4);
  expectWhole('folds', folds, 2, 100);
  expectWhole('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  expectWhole('workers', workers, 1, 256);
  if (typeof patients === 'number') {
    expectWhole('patients', patients, 1, Number.MAX_SAFE_INTEGER);
  }
  if (!(margin >= 1 && margin <= 4) || !Number.isInteger(margin * 16)) {
    throw new OptionError(
      `margin is ${margin}, expected a multiple of 1/16 from 1 to 4, so that the ${cropSize} samples in the middle stay where they are`,
    );
  }
  return {
    minReaders,
    rule,
    label,
    margin,
    folds,
    seed,
    workers,
    patients,
    strict,
  };
}

function expectOneOf(
  name: string,
  value: string,
  known: readonly string[],
): void {
  if (known.includes(value)) return;
  throw new OptionError(
    `${name} is "${value}", expected one of ${known.join(', ')}`,
  );
}

function expectWhole(
  name: string,
  value: number,
  least: number,
  most: number,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new OptionError(
    `${name} is ${value}, expected a whole number from ${least} to ${most}`,
  );
}
