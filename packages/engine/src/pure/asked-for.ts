import { isBranch } from '@clip-lung/tensor';

/** What a function asked for that it was not given. */
export interface AskedFor {
  /** the tree, watched: it looks and acts as the tree does */
  readonly tree: unknown;
  /** the dotted paths that are not there, in the order in which they were asked for */
  readonly missing: ReadonlySet<string>;
}

/** Names that JavaScript itself asks objects for. */
const asked = new Set([
  'then',
  'toJSON',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** Watches the names that are asked of a tree of plain objects, so that an error can say which is not there. */
export function watched(tree: unknown): AskedFor {
  const missing = new Set<string>();
  const seen = new WeakMap<object, object>();
  const watch = (node: unknown, path: string): unknown => {
    if (!isBranch(node)) return node;
    const known = seen.get(node);
    if (known !== undefined) return known;
    const proxy = new Proxy(node, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver);
        if (typeof key !== 'string') return value;
        const name = path === '' ? key : `${path}.${key}`;
        if (value === undefined && !asked.has(key)) missing.add(name);
        return watch(value, name);
      },
    });
    seen.set(node, proxy);
    return proxy;
  };
  return { tree: watch(tree, ''), missing };
}
