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
