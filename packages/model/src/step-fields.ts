import {
  keyOfField,
  type NoduleField,
  noduleFields,
  type NoduleFields,
} from '@clip-lung/lidc';
import type * as tf from '@tensorflow/tfjs-core';

import { ExperimentError } from './errors.js';

/** One thing that modules of a model want to know of the nodules or of the step, whatever they call it. */
export interface StepField {
  /** under which a step is given it */
  readonly name: string;
  readonly field: NoduleField;
  /** of its value for B nodules: a letter for an axis, none for a scalar */
  readonly shape: readonly ('B' | 'K' | 'M')[];
  readonly dtype: 'float32' | 'int32';
}

/** Whether a field is of the step, and not of each nodule. */
export function isOfStep({ shape }: StepField): boolean {
  return shape.length === 0;
}

/** All fields that modules ask for, each once. */
export interface FieldsOf {
  readonly all: readonly StepField[];
  /** those of one module, by its names for them */
  of(
    asked: NoduleFields,
    given: Readonly<Record<string, tf.Tensor>>,
  ): Readonly<Record<string, tf.Tensor>>;
}

/**
 * @param modules what each asks for, with its path in the experiment
 * @throws {@link ExperimentError} for what is not a field
 */
export function fieldsOf(
  modules: readonly { readonly path: string; readonly asked: NoduleFields }[],
): FieldsOf {
  const byKey = new Map<string, StepField>();
  for (const { path, asked } of modules) {
    for (const [own, field] of Object.entries(asked)) {
      expectField(field, path, own);
      const key = keyOfField(field);
      if (byKey.has(key)) continue;
      byKey.set(key, {
        // A number, since a column may have any name, and paths of trees are divided at dots.
        name: `field${byKey.size}`,
        field,
        ...formOf(field),
      });
    }
  }
  return {
    all: [...byKey.values()],
    of: (asked, given) =>
      Object.fromEntries(
        Object.entries(asked).map(([own, field]) => {
          const known = byKey.get(keyOfField(field));
          const value = known === undefined ? known : given[known.name];
          if (value !== undefined) return [own, value];
          throw new RangeError(`the batch lacks ${keyOfField(field)}`);
        }),
      ),
  };
}

function formOf(field: NoduleField): Pick<StepField, 'shape' | 'dtype'> {
  switch (field) {
    case 'votes':
      return { shape: ['B', 'K'], dtype: 'float32' };
    case 'ratings':
      return { shape: ['B', 'M'], dtype: 'float32' };
    case 'nodule':
    case 'patient':
      return { shape: ['B'], dtype: 'int32' };
    case 'epoch':
    case 'progress':
      return { shape: [], dtype: 'float32' };
    default:
      return { shape: ['B'], dtype: 'float32' };
  }
}

/** Types promise a field; a plugin in JavaScript promises nothing. */
function expectField(field: unknown, path: string, own: string): void {
  if (noduleFields.some((known) => known === field)) return;
  if (
    typeof field === 'object' &&
    field !== null &&
    'column' in field &&
    typeof field.column === 'string'
  ) {
    return;
  }
  throw new ExperimentError(
    path,
    `asks for the field "${own}" as ${shown(field)}, expected one of ${noduleFields.join(', ')}, or { column: 'name' }`,
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
