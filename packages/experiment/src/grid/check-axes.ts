import { GridFileError } from '../errors.js';
import { isFile, valueNames } from './axis-values.js';
import type { Variant } from './define-grid.js';

/** What `--only` calls by these names varies in every grid. */
const reserved = ['dataset', 'seed', 'fold'];

/**
 * Holds axes, each by itself and all together, to what a grid can have.
 *
 * @param named axes of which the grid says what the others are compared with
 * @throws {@link GridFileError} that names the axis
 */
export function checkAxes(
  axes: Readonly<Record<string, unknown>>,
  { file, named }: { readonly file: string; readonly named: readonly string[] },
): void {
  for (const [name, axis] of Object.entries(axes)) {
    expectAxis(name, axis, file);
    if (!Array.isArray(axis) && !named.includes(name)) {
      expectOrder(name, axis, file);
    }
  }
  expectApart(Object.keys(axes), file);
}

function expectAxis(name: string, axis: unknown, file: string): void {
  const place = `${file}: axes.${name}`;
  const names = valueNames(axis);
  if (names.length === 0) {
    throw new GridFileError(
      `${place} has no value, so the grid is empty; give it one, or leave the axis out`,
    );
  }
  expectOnce(names, `axes.${name}`, file);
  if (reserved.includes(name)) {
    throw new GridFileError(
      `${place}: dataset, seed and fold vary in every grid, and --only knows them by these names; call the axis something else`,
    );
  }
  if (name === 'training.seed') {
    throw new GridFileError(
      `${place}: seeds are no axis; give them as seeds: 5, or seeds: [1, 2, 3]`,
    );
  }
  if (Array.isArray(axis)) {
    for (const value of axis) expectField(value, place);
  } else {
    for (const [variant, value] of Object.entries(
      axis as Readonly<Record<string, unknown>>,
    )) {
      expectVariant(value, `${place}[${JSON.stringify(variant)}]`);
    }
  }
  if (names.some((value) => value.trim() === '')) {
    throw new GridFileError(
      `${place}: a value has no name, so nothing could be told of it; give it one`,
    );
  }
}

/** JavaScript sorts the names of an object that are whole numbers, so which was written first is not known. */
function expectOrder(name: string, axis: unknown, file: string): void {
  const numbers = valueNames(axis).filter((value) =>
    /^(0|[1-9]\d{0,9})$/.test(value),
  );
  if (numbers.length === 0 || valueNames(axis).length === 1) return;
  throw new GridFileError(
    `${file}: axes.${name}: JavaScript puts names such as "${numbers.join('", "')}" first, in an order of its own, so what the others are compared with is not told by the order; say it with compareWith: { ${JSON.stringify(name)}: … }, or name them otherwise`,
  );
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
    const variant = value as Variant;
    if (isFile(variant)) return;
    const missing = Object.entries(variant).find(
      ([, change]) => (change as unknown) === undefined,
    );
    if (missing === undefined) return;
    throw new GridFileError(
      `${place}: ${missing[0]} is undefined; give it a value, or leave it out`,
    );
  }
  throw new GridFileError(
    `${place} is ${typeof value === 'function' ? 'a function' : JSON.stringify(value)}, expected the file of an experiment, or changes by path: { 'training.epochs': 20 }`,
  );
}

/** An axis within another could not be told apart in `unless`, and one would undo the other. */
function expectApart(names: readonly string[], file: string): void {
  for (const name of names) {
    const outer = names.find((other) =>
      ['.', '['].some((next) => name.startsWith(`${other}${next}`)),
    );
    if (outer === undefined) continue;
    throw new GridFileError(
      `${file}: the axes "${outer}" and "${name}" change the same field; leave one out, or name variants: { name: { '${name}': … } }`,
    );
  }
}

/** @throws {@link GridFileError} for two that are called the same */
export function expectOnce(
  values: readonly (string | number)[],
  place: string,
  file: string,
): void {
  const seen = new Set<string | number>();
  for (const value of values) {
    if (!seen.has(value)) {
      seen.add(value);
      continue;
    }
    throw new GridFileError(
      `${file}: ${place} has ${JSON.stringify(value)} twice; two cells of one name could not be told apart`,
    );
  }
}

/** What is called `__proto__` gets lost where objects are copied. */
export function expectNoPrototype(exported: unknown, file: string): void {
  const axes = isObject(exported) ? exported['axes'] : undefined;
  if (!isObject(axes)) return;
  for (const [place, names] of [
    ['axes', axes],
    ...Object.entries(axes).map(
      ([name, axis]) => [`axes.${name}`, axis] as const,
    ),
  ] as const) {
    if (!isObject(names) || !Object.hasOwn(names, '__proto__')) continue;
    throw new GridFileError(
      `${file}: ${place}: nothing can be called __proto__; name it otherwise`,
    );
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
