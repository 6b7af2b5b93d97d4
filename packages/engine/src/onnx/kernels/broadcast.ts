import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { at, sameShape, sizeOf } from '@clip-lung/tensor';

import type {
  Attributes,
  Graph,
  GraphType,
  GraphValue,
} from '../graph/graph.js';
import { arrange, withRank } from '../symbols/arrange.js';
import {
  identityOrder,
  isIdentity,
  type Order,
  withLeadingAxes,
} from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';

/** What belongs together in a broadcasting operation: the operands, stored alike, and the result's shape and order. */
export interface Broadcast {
  readonly values: readonly GraphValue[];
  /** as the program sees it */
  readonly shape: readonly number[];
  readonly order: Order;
}

/** Changes the elements of a tensor in whatever order they are stored. */
export function mapStored(
  backend: TraceBackend,
  x: TensorInfo,
  change: (value: GraphValue) => GraphValue,
): TensorInfo {
  return backend.symbol(change(backend.stored(x)), backend.orderOf(x), x);
}

/** The operands of a broadcasting operation, stored alike, and how. */
export function broadcastOperands(
  backend: TraceBackend,
  tensors: readonly TensorInfo[],
): Broadcast {
  const shape = tensors.reduce<number[]>(
    (all, tensor) => backend_util.assertAndGetBroadcastShape(all, tensor.shape),
    [],
  );
  const order = commonOrder(backend, tensors, shape);
  const values = tensors.map((tensor) => {
    const uniform = backend.uniformOf(tensor);
    const { dtype } = tensor;
    // A scalar broadcasts to any shape, so a uniform array need not exist; the shape must come from another operand.
    if (
      uniform !== undefined &&
      tensors.some((other) => other !== tensor && sameShape(other.shape, shape))
    ) {
      return backend.graph.scalar(uniform, dtype as GraphType);
    }
    return isIdentity(order) && isIdentity(backend.orderOf(tensor))
      ? backend.stored(tensor)
      : arrange(backend, tensor, order);
  });
  return { values, shape, order };
}

/** The order of the oldest operand that fills the whole shape and is no constant; the others are moved to it. */
function commonOrder(
  backend: TraceBackend,
  tensors: readonly TensorInfo[],
  shape: readonly number[],
): Order {
  const full = tensors.filter(
    (tensor) => sizeOf(tensor.shape) === sizeOf(shape),
  );
  const traced = full.filter((tensor) => !backend.isConstant(tensor));
  const [leader] = (traced.length > 0 ? traced : full).sort(
    (a, b) => backend.ageOf(a) - backend.ageOf(b),
  );
  if (leader === undefined) return identityOrder(shape.length);
  const order = backend.orderOf(leader);
  return withLeadingAxes(order, shape.length - order.length);
}

/** One operator over all operands. */
export function combined(
  backend: TraceBackend,
  op: string,
  { values, shape, order }: Broadcast,
  dtype: GraphType,
): TensorInfo {
  const { graph } = backend;
  const stored = new Array<number>(shape.length);
  order.forEach((axis, i) => (stored[axis] = at(shape, i)));
  // Where the last axes are 1, ONNX Runtime leaves them out if both operands have them, and goes on element by element if one
  // has no such axis: 30 times as slow.
  const operands =
    stored.at(-1) === 1
      ? values.map((value) => withRank(graph, value, stored.length))
      : values;
  return backend.symbol(graph.node(op, operands, dtype, stored), order);
}

/** A node whose operands broadcast to its result; by default, of the last operand's type. */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly GraphValue[],
  dtype: GraphValue['dtype'] = at(operands, operands.length - 1).dtype,
  given: Attributes = {},
): GraphValue {
  const shape = operands.reduce<number[]>(
    (all, operand) =>
      backend_util.assertAndGetBroadcastShape(all, [...operand.shape]),
    [],
  );
  return graph.node(op, operands, dtype, shape, given);
}
