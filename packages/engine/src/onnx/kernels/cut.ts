import type { GraphValue } from '../graph/graph.js';
import { type Order, permute } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';

/** `values` along the stored axis that is the logical axis i; `rest` along the others. */
export function alongStored(order: Order, values: readonly number[]): number[] {
  const stored = new Array<number>(order.length);
  order.forEach((axis, i) => (stored[axis] = values[i] ?? 0));
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
      Math.ceil(((ends[axis] ?? 0) - (starts[axis] ?? 0)) / (steps[axis] ?? 1)),
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
