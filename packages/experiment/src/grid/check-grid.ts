import { z } from 'zod';

import { GridFileError } from '../errors.js';
import { nameOfValue, valueNames } from './axis-values.js';
import { checkAxes, expectNoPrototype, expectOnce } from './check-axes.js';
import type { Axis, Grid } from './define-grid.js';

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
    .array(z.int(`expected ${what}`).nonnegative(`expected ${what}`), {
      error: `expected a list of ${what}`,
    })
    .min(1, 'is an empty list; expected at least one');

const isFunction = (value: unknown): value is (values: unknown) => unknown =>
  typeof value === 'function';

const wantedSeeds =
  'expected a number of seeds, 1 to 10000, or a list of seeds, whole numbers from 0';

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
    .union(
      [
        z.int(wantedSeeds).min(1, wantedSeeds).max(10_000, wantedSeeds),
        numbers('whole numbers from 0'),
      ],
      { error: wantedSeeds },
    )
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
  expectNoPrototype(exported, file);
  const found = grid.safeParse(exported);
  if (!found.success) throw problemOf(found.error, exported, file);
  const { axes, seeds, unless, compareWith = {}, ...given } = found.data;
  const names = Object.keys(axes);
  if (names.length === 0) {
    throw new GridFileError(
      `${file}: axes is empty, so nothing varies; expected an axis, such as 'data.subset': ['A', 'B']`,
    );
  }
  checkAxes(axes, { file, named: Object.keys(compareWith) });
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
