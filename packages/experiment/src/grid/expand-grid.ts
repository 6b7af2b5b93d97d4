import { GridFileError } from '../errors.js';
import { changesOf, isFile, valueNames } from './axis-values.js';
import type { CheckedGrid } from './check-grid.js';
import type { Axis, Changes, Variant } from './define-grid.js';

/** One experiment of a grid, before it is made: what each axis says. */
export interface Combination {
  /** names of the values, by axis, in the order of the axes */
  readonly values: Readonly<Record<string, string>>;
  /** the file of the experiment that takes the base's place */
  readonly file: string | undefined;
  readonly changes: readonly {
    readonly place: string;
    readonly changes: Changes;
  }[];
}

/**
 * Every combination of the axes' values but those that `unless` leaves out, the last axis changing fastest.
 *
 * @throws {@link GridFileError} when nothing is left, or two axes name an experiment at once
 */
export function expandGrid(
  { axes, unless }: CheckedGrid,
  file: string,
): readonly Combination[] {
  const all = Object.entries(axes).reduce<
    readonly Readonly<Record<string, string>>[]
  >(
    (combinations, [name, axis]) =>
      combinations.flatMap((values) =>
        valueNames(axis).map((value) => ({ ...values, [name]: value })),
      ),
    [{}],
  );
  const left = all.filter(
    (values) => !isLeftOut(values, { axes, unless, file }),
  );
  if (left.length === 0) {
    throw new GridFileError(
      `${file}: unless leaves out all ${all.length} experiments, so the grid is empty`,
    );
  }
  return left.map((values) => ({
    values,
    file: fileIn(values, axes, file),
    changes: Object.entries(values).map(([name, value]) => ({
      place: `${name} ${JSON.stringify(value)}`,
      changes: changesOf(axes[name] as Axis, name, value),
    })),
  }));
}

function isLeftOut(
  values: Readonly<Record<string, string>>,
  {
    axes,
    unless,
    file,
  }: Pick<CheckedGrid, 'axes' | 'unless'> & { readonly file: string },
): boolean {
  if (unless === undefined) return false;
  let left: unknown;
  try {
    left = unless(nestedValues(values, axes));
  } catch (error) {
    throw new GridFileError(
      `${file}: unless fails for ${describeValues(values)}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (typeof left === 'boolean') return left;
  throw new GridFileError(
    `${file}: unless gives ${String(left)} for ${describeValues(values)}, expected true or false`,
  );
}

/** `{ 'data.subset': 'A' }` as `{ data: { subset: 'A' } }`, with values as they are in the file. */
function nestedValues(
  values: Readonly<Record<string, string>>,
  axes: CheckedGrid['axes'],
): unknown {
  const nested: Record<string, unknown> = {};
  const inner = new Set<unknown>();
  for (const [name, value] of Object.entries(values)) {
    const axis = axes[name] as Axis;
    const own = Array.isArray(axis)
      ? changesOf(axis, name, value)[name]
      : value;
    const parts = name.split('.');
    const last = parts.pop() ?? name;
    let node = nested;
    for (const part of parts) {
      node = (node[part] ??= {}) as Record<string, unknown>;
      inner.add(node);
    }
    node[last] = own;
  }
  return onlyKnown(nested, '', inner);
}

/** Values of which only those that are there can be read: a misspelt axis would leave nothing out, and say nothing. */
function onlyKnown(
  values: Readonly<Record<string, unknown>>,
  within: string,
  inner: ReadonlySet<unknown>,
): unknown {
  return new Proxy(values, {
    get(target, name) {
      const known = typeof name === 'symbol' || name in target;
      if (!known) {
        throw new Error(
          `there is no axis "${within}${name}"; known: ${Object.keys(target)
            .map((own) => `${within}${own}`)
            .join(', ')}`,
        );
      }
      const value: unknown = Reflect.get(target, name);
      const isPart = typeof name === 'string' && inner.has(value);
      return isPart
        ? onlyKnown(
            value as Readonly<Record<string, unknown>>,
            `${within}${name}.`,
            inner,
          )
        : value;
    },
  });
}

function fileIn(
  values: Readonly<Record<string, string>>,
  axes: CheckedGrid['axes'],
  file: string,
): string | undefined {
  const found = Object.entries(values).flatMap(([name, value]) => {
    const axis = axes[name] as Axis;
    if (Array.isArray(axis)) return [];
    const variant = (axis as Readonly<Record<string, Variant>>)[value];
    return variant !== undefined && isFile(variant)
      ? [{ name, value, variant }]
      : [];
  });
  const [first, second] = found;
  if (first === undefined || second === undefined) return first?.variant;
  throw new GridFileError(
    `${file}: ${first.name} ${JSON.stringify(first.value)} and ${second.name} ${JSON.stringify(second.value)} are experiments of their own, of which there can be one; write one of them as changes, or leave the pair out with unless`,
  );
}

/** `method "CoOp", data.subset "A"`. */
export function describeValues(
  values: Readonly<Record<string, string>>,
): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ');
}
