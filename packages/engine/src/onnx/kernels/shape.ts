import { at, sameShape, sizeOf } from '@clip-lung/tensor';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { GraphValue } from '../graph/graph.js';
import { arrangePlain } from '../symbols/arrange.js';
import { isIdentity, type Order, permute } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

/** Gives a tensor another shape of the same size. Axes of length 1 come and go without moving an element. */
export function reshaped(
  backend: TraceBackend,
  x: TensorInfo,
  shape: readonly number[],
): TensorInfo {
  if (sameShape(x.shape, shape)) return backend.alias(x);
  const uniform = backend.uniformOf(x);
  const dtype = backend.stored(x).dtype;
  if (uniform !== undefined && dtype !== 'int64') {
    return backend.filled(shape, dtype, uniform);
  }
  const host = backend.hostValues(x);
  if (host !== undefined && dtype !== 'int64') {
    return backend.constant(shape, dtype, host);
  }
  const order = backend.orderOf(x);
  if (isIdentity(order)) return asShape(backend, backend.stored(x), shape);
  const kept = unitAxesMoved(x.shape, order, shape);
  if (kept === undefined)
    return asShape(backend, arrangePlain(backend, x), shape);
  const value = asShape(backend, backend.stored(x), kept.stored);
  return backend.symbol(backend.stored(value), kept.order);
}

function asShape(
  backend: TraceBackend,
  value: GraphValue,
  shape: readonly number[],
): TensorInfo {
  const { graph } = backend;
  return backend.symbol(
    graph.node('Reshape', [value, graph.int64(shape)], value.dtype, shape),
  );
}

/** If `shape` differs from `old` only in axes of length 1: how a tensor stored in `order` is stored with them changed. */
function unitAxesMoved(
  old: readonly number[],
  order: Order,
  shape: readonly number[],
): { stored: number[]; order: Order } | undefined {
  const long = old.flatMap((length, axis) => (length === 1 ? [] : [axis]));
  const lengths = permute(old, long);
  if (
    !sameShape(
      lengths,
      shape.filter((length) => length !== 1),
    )
  )
    return undefined;
  const units = shape.length - long.length;
  const byStore = [...long].sort((a, b) => at(order, a) - at(order, b));
  const stored = [
    ...new Array<number>(units).fill(1),
    ...permute(old, byStore),
  ];
  let unit = 0;
  let next = 0;
  const newOrder = shape.map((length) =>
    length === 1 ? unit++ : units + byStore.indexOf(at(long, next++)),
  );
  return { stored, order: newOrder };
}

const reshape: Kernel = (call) => {
  const x = input(call, 'x');
  const { shape } = attributes(call) as { shape: number[] };
  return reshaped(
    call.backend,
    x,
    util.inferFromImplicitShape(shape, sizeOf(x.shape)),
  );
};

const expandDims: Kernel = (call) => {
  const x = input(call, 'input');
  const { dim } = attributes(call) as { dim: number };
  const shape = [...x.shape];
  shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);
  return reshaped(call.backend, x, shape);
};

/** Costs nothing: only the order in which the program sees the axes changes. */
export function transposed(
  backend: TraceBackend,
  x: TensorInfo,
  perm: readonly number[],
): TensorInfo {
  return backend.symbol(backend.stored(x), permute(backend.orderOf(x), perm));
}

const transpose: Kernel = (call) => {
  const { perm } = attributes(call) as { perm: number[] };
  return transposed(call.backend, input(call, 'x'), perm);
};

/** A tensor's value as the program sees it, with its axes merged into the given shape. */
export function flattened(
  backend: TraceBackend,
  tensor: TensorInfo,
  shape: readonly number[],
): GraphValue {
  const { graph } = backend;
  const value = arrangePlain(backend, tensor);
  return sameShape(value.shape, shape)
    ? value
    : graph.node('Reshape', [value, graph.int64(shape)], value.dtype, shape);
}

export const shapeKernels: KernelTable = {
  ExpandDims: expandDims,
  Reshape: reshape,
  Transpose: transpose,
};
