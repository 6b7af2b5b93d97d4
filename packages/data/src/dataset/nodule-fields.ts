import type { NoduleField } from '@clip-lung/lidc';

import { OptionError } from '../errors.js';
import { votes } from '../votes.js';
import { ruleOf } from './manifest.js';
import type { Dataset, DatasetNodule } from './nodule.js';

/** What is known of each of N nodules. */
export interface FieldValues {
  /** values of one nodule */
  readonly length: number;
  /** [N, length]; NaN for a nodule that is of none of the classes */
  readonly values: Float32Array | Int32Array;
  /** whether those of two nodules can be mixed */
  readonly mixed: boolean;
}

/** The columns of `nodules.csv` that can be asked for as columns. */
const numbers = ['x', 'y', 'z', 'diameter', 'readers', 'malignancy'] as const;

/**
 * The values of a field for all nodules of a dataset.
 *
 * @param classes that nodules are divided among; of others nothing needs to be known
 * @throws {@link OptionError} where the dataset does not tell, with the first nodule
 */
export function fieldValues(
  dataset: Dataset,
  field: Exclude<NoduleField, 'epoch' | 'progress'>,
  classes: readonly string[],
): FieldValues {
  const { nodules, manifest } = dataset;
  const valuesOf = (
    what: string,
    length: number,
    read: (nodule: DatasetNodule) => readonly number[],
    mixed = true,
  ): FieldValues => ({
    length,
    mixed,
    values: Float32Array.from(
      nodules.flatMap((nodule) => {
        if (!classes.includes(nodule.label)) {
          return Array.from({ length }, () => NaN);
        }
        const found = read(nodule);
        if (
          found.length === length &&
          length > 0 &&
          found.every(Number.isFinite)
        ) {
          return [...found];
        }
        throw new OptionError(
          `the dataset ${dataset.folder} does not tell the ${what} of nodule ${nodule.id}`,
        );
      }),
    ),
  });
  if (typeof field === 'object') {
    const { column, mixed = true } = field;
    return valuesOf(
      `column "${column}"`,
      1,
      (nodule) => [columnOf(nodule, column)],
      mixed,
    );
  }
  switch (field) {
    case 'nodule':
      return numbered(nodules.map(({ id }) => id));
    case 'patient':
      return numbered(nodules.map(({ patient }) => patient));
    case 'votes': {
      const rule = ruleOf(manifest);
      return valuesOf('readers’ votes', classes.length, (nodule) =>
        rule === undefined ? [] : votes(nodule, classes, rule),
      );
    }
    case 'ratings': {
      const { attributes } = manifest;
      return valuesOf('ratings', attributes.length, ({ ratings }) =>
        ratings === null ? [] : attributes.map((name) => ratings[name] ?? NaN),
      );
    }
    case 'malignancy':
    case 'diameter':
      return valuesOf(field, 1, (nodule) => [columnOf(nodule, field)]);
  }
}

/** Of LIDC-IDRI's own columns, or of `columns.csv`; NaN where neither has it. */
function columnOf(nodule: DatasetNodule, column: string): number {
  const known = numbers.find((name) => name === column);
  const own = known === undefined ? NaN : (nodule[known] ?? NaN);
  return Number.isNaN(own) ? (nodule.columns?.[column] ?? NaN) : own;
}

/** The same number for the same name, in the order of first appearance. */
function numbered(names: readonly string[]): FieldValues {
  const numbers = new Map<string, number>();
  const values = names.map((name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
  return { length: 1, values: Int32Array.from(values), mixed: false };
}
