import { ArgumentError } from './errors.js';
import { described } from './pure/describe.js';
import { formatShape, sameShape, ShapeError } from '@clip-lung/tensor';

/** What a state says of one of its leaves. */
interface LeafForm {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Checks that a state can take new values: the same leaves, each of the same type and shape.
 *
 * @throws `ShapeError` that names the first leaf that differs
 */
export function expectSameLeaves(
  own: ReadonlyMap<string, LeafForm>,
  given: ReadonlyMap<string, LeafForm>,
): void {
  for (const [path, { dtype, shape }] of own) {
    const leaf = given.get(path);
    if (leaf?.dtype === dtype && sameShape(leaf.shape, shape)) continue;
    const found = leaf ? `${leaf.dtype} ${formatShape(leaf.shape)}` : 'nothing';
    throw new ShapeError(
      `state "${path}" is ${dtype} ${formatShape(shape)}, given ${found}`,
    );
  }
  for (const path of given.keys()) {
    if (!own.has(path)) throw new ShapeError(`the state has no "${path}"`);
  }
}

/** The leaf of a state that a function changes. @throws `ShapeError` where the state has no such leaf */
export function leafToChange<Leaf>(
  own: ReadonlyMap<string, Leaf>,
  path: string,
): Leaf {
  const leaf = own.get(path);
  if (leaf !== undefined) return leaf;
  throw new ShapeError(
    `a function changes "${path}", which the state does not have; it has ${[...own.keys()].join(', ')}`,
  );
}

/** The error for what is given as a state and is not one that the engine made. */
export function foreignState(given: unknown, name: string): ArgumentError {
  const isState =
    typeof given === 'object' &&
    given !== null &&
    'read' in given &&
    typeof given.read === 'function';
  return new ArgumentError(
    isState
      ? `the state of ${name} belongs to another engine`
      : `the state of ${name} is ${described(given)}, expected one that engine.state(arrays) made`,
  );
}
