import type { NoduleField } from '@clip-lung/lidc';
import { sizeOf } from '@clip-lung/tensor';

import { OptionError } from '../errors.js';
import { votes } from '../votes.js';
import { attributeRatings } from './attribute-weights.js';
import { type Manifest, ruleOf } from './manifest.js';
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

export interface FieldOptions {
  /** that nodules are divided among; of others nothing needs to be known */
  readonly classes: readonly string[];
  /** of which `ratings` are, in their order; default the dataset's */
  readonly attributes?: readonly string[];
}

/** The columns of LIDC-IDRI's `nodules.csv` that can be asked for as columns. */
const numbers = ['x', 'y', 'z', 'diameter', 'readers', 'malignancy'] as const;

/**
 * The values of a field for all nodules of a dataset.
 *
 * @throws {@link OptionError} where the dataset does not tell, with the first nodule, and for a field of the step
 */
export function fieldValues(
  dataset: Dataset,
  field: NoduleField,
  { classes, attributes = dataset.manifest.attributes }: FieldOptions,
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
        if (
          found.length === length &&
          length > 0 &&
          found.every(Number.isFinite)
        ) {
          return [...found];
        }
        throw new OptionError(
          `the dataset ${dataset.folder} has no ${what} for nodule ${nodule.id}${known}`,
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
        known: `; it has ${columnsOf(manifest).join(', ') || 'no columns'}`,
      },
    );
  }
  switch (field) {
    case 'nodule':
      return numbered(nodules.map(({ id }) => id));
    case 'patient':
      return numbered(nodules.map(({ patient }) => patient));
    case 'votes': {
      const rule = ruleOf(manifest);
      return valuesOf('readers’ votes', [classes.length], (nodule) =>
        rule === undefined ? [] : votes(nodule, classes, rule),
      );
    }
    case 'ratings':
      return valuesOf('ratings', [attributes.length], (nodule) =>
        attributeRatings(nodule, attributes),
      );
    case 'malignancy':
    case 'diameter':
      return valuesOf(field, [], (nodule) => [columnOf(nodule, field)]);
    case 'epoch':
    case 'progress':
      throw new OptionError(`${field} belongs to the step, not to a nodule`);
  }
}

function columnsOf({ source, columns }: Manifest): readonly string[] {
  return source.name === 'lidc' ? numbers : columns;
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
