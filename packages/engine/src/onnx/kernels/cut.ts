import { at } from '@clip-lung/tensor';
import type { GraphValue } from '../graph/graph.js';
import { type Order, permute } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';

/** `values` of the logical axes, in the order of the stored ones. */
export function alongStored(order: Order, values: readonly number[]): number[] {
  const stored = new Array<number>(order.length);
  order.forEach((axis, i) => (stored[axis] = at(values, i)));
  return stored;
}

/** Cuts a box out, touching only the axes that are really cut. */
export function cut(
  { graph }: TraceBackend,
  value: GraphValue,
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[],
): GraphValue {
  const axes = value.shape.flatMap((length, axis) =>
    starts[axis] === 0 && ends[axis] === length && steps[axis] === 1
      ? []
      : [axis],
  );
  if (axes.length === 0) return value;
  const shape = value.shape.map((_, axis) =>
    Math.max(
      0,
      Math.ceil((at(ends, axis) - at(starts, axis)) / at(steps, axis)),
    ),
  );
  const bounds = [starts, ends].map((bound) =>
    graph.int64(permute(bound, axes)),
  );
  const operands = [
    value,
    ...bounds,
    graph.int64(axes),
    graph.int64(permute(steps, axes)),
  ];
  return graph.node('Slice', operands, value.dtype, shape);
}
