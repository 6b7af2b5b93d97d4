import { cropSize } from '@clip-lung/lidc';
import { z } from 'zod';

import { manifestSchema } from '../../dataset/manifest.js';
import { parts } from '../../dataset/nodule.js';
import { InputError, SourceError } from '../../errors.js';
import type { OpenSource, SourceNodule } from './open-source.js';

const { classes, attributes, columns, split, collection } =
  manifestSchema.shape;

const openedSchema = z.looseObject({
  collection: collection.optional(),
  classes,
  attributes: attributes.optional(),
  columns: columns.optional(),
  split,
  crop: z.strictObject({
    size: z
      .int()
      .multipleOf(2, 'expected an even number')
      .min(cropSize, `expected at least ${cropSize}, which a model sees`),
    scale: z.number().positive().nullable(),
    outside: z.number().nullable(),
  }),
  warnings: z.array(z.unknown()).optional(),
  total: z.int().nonnegative(),
  nodules: z.custom(
    (nodules) =>
      typeof nodules === 'object' &&
      nodules !== null &&
      (Symbol.iterator in nodules || Symbol.asyncIterator in nodules),
    'expected a list, or what a generator gives',
  ),
});

/** Columns of the tables in which a source's own stand beside them. */
const taken = { attributes: ['id', 'patient', 'label'], columns: ['id'] };

/**
 * Types promise what a source has; one of one's own may promise nothing.
 *
 * @throws {@link SourceError} that names the field
 */
export function expectOpened(opened: unknown, name: string): void {
  const refuse = (problem: string): never => {
    throw new SourceError(`the source "${name}": ${problem}`);
  };
  const checked = openedSchema.safeParse(opened);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    refuse(
      `what open() gives: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`,
    );
    return;
  }
  for (const field of ['attributes', 'columns'] as const) {
    const own = checked.data[field]?.find((one) => taken[field].includes(one));
    if (own === undefined) continue;
    refuse(
      `what open() gives: ${field}: has "${own}", which every nodule has besides; call it otherwise`,
    );
  }
}

/** A nodule of somebody whom the types did not reach. */
type Unchecked = { readonly [Key in keyof SourceNodule]?: unknown };

/** @throws {@link InputError} that names the nodule, for one that is not what its source says */
export function expectNodule(
  nodule: SourceNodule,
  { classes, attributes = [], columns = [], crop, split }: OpenSource,
  input: string,
): void {
  const { id, patient, label, hu }: Unchecked = nodule;
  if (typeof id !== 'string' || id === '') {
    throw new InputError(
      `${input}: a nodule has ${id === '' ? 'no id' : `the id ${String(id)}, expected a text`}`,
    );
  }
  const wrong = (problem: string): never => {
    throw new InputError(`${input}: nodule ${id} ${problem}`);
  };
  if (typeof patient !== 'string') {
    return wrong(`has the patient ${String(patient)}, expected a text`);
  }
  if (patient === '') wrong('has no patient');
  if (!classes.names.some((name) => name === label)) {
    wrong(`is "${String(label)}", expected one of ${classes.names.join(', ')}`);
  }
  if (!(hu instanceof Int16Array)) {
    return wrong('has a crop that is not an Int16Array, expected whole HU');
  }
  if (hu.length !== crop.size ** 3) {
    wrong(`has a crop of ${hu.length} voxels, expected ${crop.size}³`);
  }
  const { ratings = {}, columns: more = {} } = nodule;
  for (const name of attributes) {
    if (!Number.isFinite(ratings[name])) wrong(`has no rating of "${name}"`);
  }
  for (const name of columns) {
    if (!Number.isFinite(more[name])) wrong(`has no number for "${name}"`);
  }
  expectSide(nodule, split, wrong);
}

function expectSide(
  { fold, part }: Unchecked,
  split: OpenSource['split'],
  wrong: (problem: string) => never,
): void {
  if (split.kind === 'given') {
    const last = split.folds - 1;
    const is = Number.isInteger(fold) ? Number(fold) : NaN;
    if (is >= 0 && is <= last) return;
    wrong(
      fold === undefined
        ? 'has no fold'
        : `is in fold ${JSON.stringify(fold)}, expected a whole number from 0 to ${last}`,
    );
  }
  if (split.kind === 'own' && !parts.some((one) => one === part)) {
    wrong(
      part === undefined
        ? 'has no part'
        : `is in the part ${JSON.stringify(part)}, expected one of ${parts.join(', ')}`,
    );
  }
}
