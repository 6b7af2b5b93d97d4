import { z } from 'zod';

import { GridFileError } from '../errors.js';
import type { Axis, Changes, Grid, Variant } from './define-grid.js';

/** A grid as the program uses it: its types are those of any grid. */
export interface CheckedGrid extends Pick<Grid, 'base' | 'datasets' | 'folds'> {
  readonly axes: Readonly<Record<string, Axis>>;
  /** undefined for the base's own */
  readonly seeds: readonly number[] | undefined;
  readonly unless: ((values: unknown) => unknown) | undefined;
  /** the names of values, by axis */
  readonly compareWith: Readonly<Record<string, string>>;
}

const numbers = (what: string) =>
  z
    .array(z.int(`expected ${what}`).nonnegative(`expected ${what}`))
    .min(1, 'is an empty list; expected at least one');

const isFunction = (value: unknown): value is (values: unknown) => unknown =>
  typeof value === 'function';

const wantedSeeds =
  'expected a number of seeds, 1 to 10000, or a list of seeds';

const grid = z.strictObject({
  base: z.union([z.string().min(1), z.looseObject({})], {
    error:
      'expected an experiment, or the file of one, such as "./clip-lung.ts"',
  }),
  axes: z.record(
    z.string().min(1),
    z.union([z.array(z.unknown()), z.looseObject({})], {
      error:
        'expected a list of values of that path, or an object of named variants',
    }),
    "expected an object of axes, such as { 'data.subset': ['A', 'B'] }",
  ),
  seeds: z
    .union([
      z.int(wantedSeeds).min(1, wantedSeeds).max(10_000, wantedSeeds),
      numbers('whole numbers from 0'),
    ])
    .optional(),
  folds: numbers('folds, counted from 0').optional(),
  datasets: z.record(z.string().min(1), z.string().min(1)).optional(),
  unless: z
    .custom<(values: unknown) => unknown>(isFunction, 'expected a function')
    .optional(),
  compareWith: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Holds what a file exports to what a grid is.
 *
 * @throws {@link GridFileError} that names the file and the field
 */
export function checkGrid(exported: unknown, file: string): CheckedGrid {
  const found = grid.safeParse(exported);
  if (!found.success) throw problemOf(found.error, exported, file);
  const { axes, seeds, unless, compareWith = {}, ...given } = found.data;
  const names = Object.keys(axes);
  if (names.length === 0) {
    throw new GridFileError(
      `${file}: axes is empty, so nothing varies; expected an axis, such as 'data.subset': ['A', 'B']`,
    );
  }
  for (const [name, axis] of Object.entries(axes)) expectAxis(name, axis, file);
  expectApart(names, file);
  const list =
    typeof seeds === 'number'
      ? Array.from({ length: seeds }, (_, i) => i + 1)
      : seeds;
  expectOnce(list ?? [], 'seeds', file);
  expectOnce(given.folds ?? [], 'folds', file);
  return {
    ...(given as Pick<Grid, 'base' | 'datasets' | 'folds'>),
    axes: axes as Readonly<Record<string, Axis>>,
    seeds: list,
    unless,
    compareWith: Object.fromEntries(
      Object.entries(compareWith).map(([name, value]) => [
        name,
        expectValue(name, value, { axes, file }),
      ]),
    ),
  };
}

/** What tables, commands and messages call a value of an axis. */
function nameOfValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The names of the values of an axis, in their order. */
export function valueNames(axis: unknown): readonly string[] {
  return Array.isArray(axis)
    ? axis.map(nameOfValue)
    : Object.keys(axis as object);
}

function problemOf(
  { issues }: z.ZodError,
  exported: unknown,
  file: string,
): GridFileError {
  if (
    typeof exported !== 'object' ||
    exported === null ||
    Array.isArray(exported)
  ) {
    return new GridFileError(
      `${file}: has no grid; expected one as its default export: export default defineGrid({ … })`,
    );
  }
  const [issue] = issues;
  const place = issue?.path.map(String).join('.') ?? '';
  const known =
    issue?.code === 'unrecognized_keys'
      ? `; known: ${Object.keys(grid.shape).join(', ')}`
      : '';
  return new GridFileError(
    `${file}: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'is not a grid'}${known}`,
  );
}

function expectAxis(name: string, axis: unknown, file: string): void {
  const place = `${file}: axes.${name}`;
  const isList = Array.isArray(axis);
  const names = valueNames(axis);
  if (names.length === 0) {
    throw new GridFileError(
      `${place} has no value, so the grid is empty; give it one, or leave the axis out`,
    );
  }
  expectOnce(names, `axes.${name}`, file);
  if (name === 'training.seed') {
    throw new GridFileError(
      `${place}: seeds are no axis; give them as seeds: 5, or seeds: [1, 2, 3]`,
    );
  }
  if (isList) {
    for (const value of axis) expectField(value, place);
    return;
  }
  for (const [variant, value] of Object.entries(
    axis as Readonly<Record<string, unknown>>,
  )) {
    expectVariant(value, `${place}[${JSON.stringify(variant)}]`);
  }
}

function expectField(value: unknown, place: string): void {
  const text =
    typeof value === 'function'
      ? undefined
      : (JSON.stringify(value) as unknown);
  if (typeof text === 'string') return;
  throw new GridFileError(
    `${place}: a value is ${String(value)}, expected one that an experiment can have; a named variant may hold a change: { name: { losses: without('class-attribute') } }`,
  );
}

function expectVariant(value: unknown, place: string): void {
  if (typeof value === 'string' && value !== '') return;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return;
  }
  throw new GridFileError(
    `${place} is ${typeof value === 'function' ? 'a function' : JSON.stringify(value)}, expected the file of an experiment, or changes by path: { 'training.epochs': 20 }`,
  );
}

/** Whether a variant is another experiment. */
export function isFile(variant: Variant): variant is string {
  return typeof variant === 'string';
}

/** What a value of an axis changes: nothing for a variant that is another experiment. */
export function changesOf(axis: Axis, name: string, value: string): Changes {
  if (Array.isArray(axis)) {
    const list = axis as readonly unknown[];
    const found = list.find((one) => nameOfValue(one) === value);
    return { [name]: found } as Changes;
  }
  const variant = (axis as Readonly<Record<string, Variant>>)[value];
  return variant === undefined || isFile(variant) ? {} : variant;
}

/** An axis within another could not be told apart in `unless`. */
function expectApart(names: readonly string[], file: string): void {
  for (const name of names) {
    const outer = names.find((other) => name.startsWith(`${other}.`));
    if (outer === undefined) continue;
    throw new GridFileError(
      `${file}: the axes "${outer}" and "${name}" change the same field; leave one out, or name variants: { name: { '${name}': … } }`,
    );
  }
}

function expectOnce(
  values: readonly (string | number)[],
  place: string,
  file: string,
): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice === undefined) return;
  throw new GridFileError(
    `${file}: ${place} has ${JSON.stringify(twice)} twice; two cells of one name could not be told apart`,
  );
}

function expectValue(
  name: string,
  value: unknown,
  {
    axes,
    file,
  }: {
    readonly axes: Readonly<Record<string, unknown>>;
    readonly file: string;
  },
): string {
  if (!Object.hasOwn(axes, name)) {
    throw new GridFileError(
      `${file}: compareWith: there is no axis "${name}"; known: ${Object.keys(axes).join(', ')}`,
    );
  }
  const known = valueNames(axes[name]);
  const wanted = nameOfValue(value);
  if (known.includes(wanted)) return wanted;
  throw new GridFileError(
    `${file}: compareWith.${name}: there is no value ${JSON.stringify(value)}; known: ${known.join(', ')}`,
  );
}
