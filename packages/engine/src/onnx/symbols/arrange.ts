import { at } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Graph, GraphValue } from '../graph/graph.js';
import {
  between,
  identityOrder,
  isIdentity,
  type Order,
  permute,
  withLeadingAxes,
} from './layout.js';
import type { TraceBackend } from './trace-backend.js';

/**
 * The value of a tensor, stored in `order`. If `order` has more axes than the tensor, leading axes of length 1 are
 * added, as broadcasting does. Moves elements only where it must: axes of length 1 move for free.
 */
export function arrange(
  backend: TraceBackend,
  tensor: TensorInfo,
  order: Order,
): GraphValue {
  const { graph } = backend;
  const value = withRank(graph, backend.stored(tensor), order.length);
  const from = backend.orderOf(tensor);
  const missing = order.length - from.length;
  return rearrange(
    backend,
    value,
    between(withLeadingAxes(from, missing), order),
  );
}

/** A value with leading axes of length 1 up to a rank, as broadcasting gives it. */
export function withRank(
  graph: Graph,
  value: GraphValue,
  rank: number,
): GraphValue {
  const missing = rank - value.shape.length;
  if (missing <= 0) return value;
  const shape = [...new Array<number>(missing).fill(1), ...value.shape];
  const { dtype, constant } = value;
  // A number is the same in any shape.
  return constant?.length === 1
    ? graph.constant(dtype, shape, constant)
    : graph.reshape(value, shape);
}

/** The value of a tensor, stored as the program sees it. */
export function arrangePlain(
  backend: TraceBackend,
  tensor: TensorInfo,
): GraphValue {
  return arrange(backend, tensor, identityOrder(tensor.shape.length));
}

/** transpose(value, perm), as a reshape where only axes of length 1 change their places. */
function rearrange(
  { graph }: TraceBackend,
  value: GraphValue,
  perm: Order,
): GraphValue {
  if (isIdentity(perm)) return value;
  const dtype = value.dtype;
  const shape = permute(value.shape, perm);
  const moved = perm.filter((axis) => value.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || at(moved, i - 1) < axis)) {
    return graph.node('Reshape', [value, graph.int64(shape)], dtype, shape);
  }
  return graph.node('Transpose', [value], dtype, shape, { perm });
}
