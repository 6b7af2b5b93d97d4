import { at } from './at.js';
import { ShapeError } from './error.js';

/**
 * A leaf, or a plain object whose values are trees. The dotted path of a leaf (`layer1.0.conv1.weight`) is its name in
 * a `.safetensors` file. Anything that is not a plain object is a leaf: an `NdArray`, a tfjs tensor, a number.
 */
export type Tree<Leaf> = Leaf | { readonly [name: string]: Tree<Leaf> };

/**
 * The tree of the same form as `T` whose leaves, of type `Leaf`, are replaced by `To`. Where `T` is any tree, so is the
 * result: its form is not known, and following it would never end.
 */
export type MapLeaves<T, Leaf, To> =
  Tree<Leaf> extends T
    ? Tree<To>
    : T extends Leaf
      ? To
      : { readonly [Name in keyof T]: MapLeaves<T[Name], Leaf, To> };

/** Whether a part of a tree is a plain object, which has trees of its own. */
export function isBranch(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function* walk(
  tree: unknown,
  path: string,
): Generator<readonly [path: string, leaf: unknown]> {
  if (!isBranch(tree)) {
    yield [path, tree];
    return;
  }
  for (const [name, child] of Object.entries(tree)) {
    yield* walk(child, path === '' ? name : `${path}.${name}`);
  }
}

/** The leaves with their dotted paths, in the order of the objects' keys; the path of a tree that is a leaf is `''`. */
export function leaves<Leaf>(
  tree: Tree<Leaf>,
): (readonly [path: string, leaf: Leaf])[] {
  return [...walk(tree, '')] as (readonly [string, Leaf])[];
}

/** The tree of the same form whose leaves are `change(leaf, path)`. */
export function mapTree<T, Leaf, To>(
  tree: T,
  change: (leaf: Leaf, path: string) => To,
): MapLeaves<T, Leaf, To> {
  const visit = (node: unknown, path: string): unknown =>
    isBranch(node)
      ? Object.fromEntries(
          Object.entries(node).map(([name, child]) => [
            name,
            visit(child, path === '' ? name : `${path}.${name}`),
          ]),
        )
      : change(node as Leaf, path);
  return visit(tree, '') as MapLeaves<T, Leaf, To>;
}

/**
 * Like {@link mapTree}, over two trees of the same form.
 *
 * @throws {@link ShapeError} that lists the paths which only one of the trees has
 */
export function zipTrees<T, A, B, To>(
  a: T,
  b: Tree<B>,
  combine: (a: A, b: B, path: string) => To,
): MapLeaves<T, A, To> {
  const others = new Map(leaves(b));
  const names = new Set<string>();
  const difference: string[] = [];
  for (const [path] of leaves(a as Tree<A>)) {
    names.add(path);
    if (!others.has(path)) difference.push(`- ${path}`);
  }
  for (const path of others.keys()) {
    if (!names.has(path)) difference.push(`+ ${path}`);
  }
  if (difference.length > 0) {
    throw new ShapeError(
      `the trees differ (- only in the first, + only in the second):\n${difference.join('\n')}`,
    );
  }
  return mapTree<T, A, To>(a, (leaf, path) =>
    combine(leaf, others.get(path) as B, path),
  );
}

/**
 * Builds a tree from dotted paths: the inverse of {@link leaves}.
 *
 * @throws {@link ShapeError} when a path is a leaf and a branch at once, empty, or given twice
 */
export function treeOf<Leaf>(
  entries: Iterable<readonly [path: string, leaf: Leaf]>,
): Tree<Leaf> {
  // Objects without a prototype, so that no name (`__proto__`, `constructor`) is special.
  const root = Object.create(null) as Record<string, unknown>;
  for (const [path, leaf] of entries) {
    const names = path.split('.');
    const last = at(names, names.length - 1, 'names');
    names.pop();
    let branch = root;
    for (const name of names) {
      branch[name] ??= Object.create(null) as Record<string, unknown>;
      const next = branch[name];
      if (!isBranch(next)) {
        throw new ShapeError(`"${path}" lies below "${name}", which is a leaf`);
      }
      branch = next;
    }
    if (path === '' || last === '' || names.includes('')) {
      throw new ShapeError(`"${path}" is not a dotted path of names`);
    }
    if (last in branch) {
      throw new ShapeError(`"${path}" is given twice, or is a branch as well`);
    }
    branch[last] = leaf;
  }
  return root as Tree<Leaf>;
}
