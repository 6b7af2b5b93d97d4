import { attributes, type NoduleField } from '@clip-lung/lidc';
import { sizeOf } from '@clip-lung/tensor';

import {
  attributeRatings,
  type RatedAttributes,
} from '../attribute-weights.js';
import { OptionError } from '../errors.js';
import { votes } from '../votes.js';
import type { Dataset, DatasetNodule } from './nodule.js';

/** What is known of each of N nodules. */
export interface FieldValues {
  /** of one nodule: none for a number */
  readonly shape: readonly number[];
  /** [N, ...shape]; NaN for a nodule that is of none of the classes */
  readonly values: Float32Array | Int32Array;
  /** whether those of two nodules can be mixed */
  readonly mixed: boolean;
}

export interface FieldOptions extends RatedAttributes {
  /** that nodules are divided among; of others nothing needs to be known */
  readonly classes: readonly string[];
}

/** The columns of `nodules.csv` that can be asked for as columns. */
const numbers = ['x', 'y', 'z', 'diameter', 'readers', 'malignancy'] as const;

/**
 * The values of a field for all nodules of a dataset.
 *
 * @throws {@link OptionError} where the dataset does not tell, with the first nodule, and for a field of the step
 */
export function fieldValues(
  dataset: Dataset,
  field: NoduleField,
  { classes, ...rated }: FieldOptions,
): FieldValues {
  const { nodules, manifest } = dataset;
  const valuesOf = (
    what: string,
    shape: readonly number[],
    read: (nodule: DatasetNodule) => readonly number[],
    { mixed = true, known = '' } = {},
  ): FieldValues => ({
    shape,
    mixed,
    values: Float32Array.from(
      nodules.flatMap((nodule) => {
        const length = sizeOf(shape);
        if (!classes.includes(nodule.label)) {
          return Array.from({ length }, () => NaN);
        }
        const found = read(nodule);
        if (found.length === length && found.every(Number.isFinite)) {
          return [...found];
        }
        throw new OptionError(
          `the dataset ${dataset.folder} does not tell the ${what} of nodule ${nodule.id}${known}`,
        );
      }),
    ),
  });
  if (typeof field === 'object') {
    const { column, mixed = true } = field;
    return valuesOf(
      `column "${column}"`,
      [],
      (nodule) => [columnOf(nodule, column)],
      {
        mixed,
        known: `; known columns: ${numbers.join(', ')}`,
      },
    );
  }
  switch (field) {
    case 'nodule':
      return numbered(nodules.map(({ id }) => id));
    case 'patient':
      return numbered(nodules.map(({ patient }) => patient));
    case 'votes':
      return valuesOf('readers’ votes', [classes.length], (nodule) =>
        votes(nodule, classes, manifest.rule),
      );
    case 'ratings':
      return valuesOf(
        'readers’ ratings',
        [attributes.length + (rated.withMalignancy === true ? 1 : 0)],
        (nodule) => attributeRatings(nodule, rated),
      );
    case 'malignancy':
    case 'diameter':
      return valuesOf(field, [], (nodule) => [nodule[field] ?? NaN]);
    case 'epoch':
    case 'progress':
      throw new OptionError(`${field} is of the step, and of no nodule`);
  }
}

function columnOf(nodule: DatasetNodule, column: string): number {
  const own = numbers.find((name) => name === column);
  return (own === undefined ? nodule.columns?.[column] : nodule[own]) ?? NaN;
}

/** The same number for the same name, in the order of first appearance. */
function numbered(names: readonly string[]): FieldValues {
  const numbers = new Map<string, number>();
  const values = names.map((name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
  return { shape: [], values: Int32Array.from(values), mixed: false };
}

/**
 * The values of some of the nodules.
 *
 * @returns [rows, ...shape]
 */
export function rowsOf(
  { shape, values }: Pick<FieldValues, 'shape' | 'values'>,
  rows: readonly number[],
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const length = sizeOf(shape);
  const size = rows.length * length;
  const found =
    values instanceof Float32Array
      ? new Float32Array(size)
      : new Int32Array(size);
  rows.forEach((row, i) => {
    found.set(values.subarray(row * length, (row + 1) * length), i * length);
  });
  return found;
}
