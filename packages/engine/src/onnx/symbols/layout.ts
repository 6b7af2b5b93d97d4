import { at } from '@clip-lung/tensor';

/**
 * A traced tensor's elements may be stored with their axes in another order than the program sees them, so that a
 * transposition costs nothing until somebody needs it. An `order` says how: logical axis `i` is stored axis `order[i]`,
 * that is, logical = transpose(stored, order) with the meaning of `tf.transpose` and of ONNX's `Transpose`.
 */
export type Order = readonly number[];

/** The order of a tensor that is stored as the program sees it. */
export function identityOrder(rank: number): Order {
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function isIdentity(order: Order): boolean {
  return order.every((stored, axis) => stored === axis);
}

/** The order that undoes `order`. */
function invert(order: Order): Order {
  const inverse = new Array<number>(order.length);
  order.forEach((stored, axis) => (inverse[stored] = axis));
  return inverse;
}

/** Picks `values[order[i]]` for each i: what `transpose(·, order)` does to a shape, and how two orders compose. */
export function permute<T>(values: readonly T[], order: Order): T[] {
  return order.map((axis) => at(values, axis));
}

/** The permutation that takes a value stored in order `from` to one stored in order `to`. */
export function between(from: Order, to: Order): Order {
  return permute(from, invert(to));
}

/** The order after the logical axes `removed` are gone from the program's view and from the store. */
export function withoutAxes(order: Order, removed: ReadonlySet<number>): Order {
  const kept = order.filter((_, axis) => !removed.has(axis));
  return kept.map((stored) => kept.filter((other) => other < stored).length);
}

/** The order of a tensor to which `count` leading axes of length 1 were added, in the store as well. */
export function withLeadingAxes(order: Order, count: number): Order {
  return [...identityOrder(count), ...order.map((stored) => stored + count)];
}

/** Images that the program sees as [B, …places, C], stored as [B, C, …places]; `axes` is the number of their places' axes. */
export function imagesChannelsFirst(axes: number): Order {
  return [0, ...range(axes).map((axis) => axis + 2), 1];
}

/** Images that the program sees as [B, …places, C], stored as [C, B, …places]. */
export function imagesChannelsOutside(axes: number): Order {
  return [1, ...range(axes).map((axis) => axis + 2), 0];
}

/** Images that the program sees as [B, …places, C], stored as […places, B, C]. */
export function imagesPlacesFirst(axes: number): Order {
  return [axes, ...range(axes), axes + 1];
}

/** Filters that the program sees as […window, I, O], stored as [O, I, …window]. */
export function filtersOutputsFirst(axes: number): Order {
  return [...range(axes).map((axis) => axis + 2), 1, 0];
}

/** Filters that the program sees as […window, I, O], stored as [I, O, …window]. */
export function filtersInputsFirst(axes: number): Order {
  return [...range(axes).map((axis) => axis + 2), 0, 1];
}

/** Images that the program sees as [B, H, W, C], stored as [B, C, H, W]. */
export const imagesAsNchw: Order = imagesChannelsFirst(2);

/** Filters that the program sees as [H, W, I, O], stored as [O, I, H, W]. */
export const filtersAsOihw: Order = filtersOutputsFirst(2);

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
