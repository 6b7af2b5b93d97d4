import { OptionError } from '../errors.js';
import { type Rule, rules } from '../label.js';
import type { JobOptions } from '../progress.js';

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
  /** by default 5 */
  readonly folds?: number | undefined;
  /** of the division into folds; by default 1 */
  readonly seed?: number | undefined;
  /** number of scans to work on at once; by default 4 */
  readonly workers?: number | undefined;
  /** prepares only the patients for whose ID this is true */
  readonly patients?: ((id: string) => boolean) | undefined;
}

/** The options that decide what a dataset holds. */
export interface CheckedOptions {
  readonly minReaders: number;
  readonly rule: Rule;
  readonly folds: number;
  readonly seed: number;
  readonly workers: number;
}

/** Fills in the defaults. @throws {@link OptionError} for a value out of range */
export function checkOptions(options: PrepareOptions): CheckedOptions {
  const { rule = 'pylidc', seed = 1 } = options;
  const { minReaders = 1, folds = 5, workers = 4 } = options;
  if (!rules.includes(rule)) {
    throw new OptionError(
      `rule is "${rule}", expected one of ${rules.join(', ')}`,
    );
  }
  expectWhole('minReaders', minReaders, 1, 4);
  expectWhole('folds', folds, 2, 100);
  expectWhole('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  expectWhole('workers', workers, 1, 256);
  return { minReaders, rule, folds, seed, workers };
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
