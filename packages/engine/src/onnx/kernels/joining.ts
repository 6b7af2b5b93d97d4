import { at, sizeOf } from '@clip-lung/tensor';
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { arrange } from '../symbols/arrange.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { alongStored } from './cut.js';
import {
  attributes,
  input,
  inputList,
  type Kernel,
  type KernelTable,
  oneAxis,
} from './kernel.js';
import { reshaped } from './shape.js';

function concatenate(
  backend: TraceBackend,
  tensors: readonly TensorInfo[],
  axis: number,
): TensorInfo {
  const [first] = tensors;
  if (first === undefined) throw new TypeError('nothing to concatenate');
  if (tensors.length === 1) return backend.alias(first);
  const leader = tensors.find((tensor) => !backend.isConstant(tensor)) ?? first;
  const order = backend.orderOf(leader);
  const values = tensors.map((tensor) => arrange(backend, tensor, order));
  const stored = at(order, axis);
  const shape = at(values, 0).shape.map((length, i) =>
    i === stored
      ? values.reduce((sum, value) => sum + at(value.shape, i), 0)
      : length,
  );
  return backend.symbol(
    backend.graph.node('Concat', values, backend.stored(first).dtype, shape, {
      axis: stored,
    }),
    order,
  );
}

const concat: Kernel = (call) => {
  const tensors = inputList(call);
  const { axis } = attributes(call) as { axis: number };
  const along = oneAxis(axis, at(tensors, 0));
  return concatenate(
    call.backend,
    tensors.filter(({ shape }) => sizeOf(shape) > 0),
    along,
  );
};

const pack: Kernel = (call) => {
  const { axis } = attributes(call) as { axis: number };
  const expanded = inputList(call).map((tensor) => {
    const shape = [...tensor.shape];
    shape.splice(axis, 0, 1);
    return reshaped(call.backend, tensor, shape);
  });
  return concatenate(call.backend, expanded, axis);
};

function splitInto(
  backend: TraceBackend,
  x: TensorInfo,
  axis: number,
  sizes: readonly number[],
): TensorInfo[] {
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const stored = at(order, axis);
  if (sizes.length === 1) return [backend.alias(x)];
  const outputs = sizes.map((size) => ({
    dtype: value.dtype,
    shape: value.shape.map((length, i) => (i === stored ? size : length)),
  }));
  const parts = backend.graph.multiNode(
    'Split',
    [value, backend.graph.int64(sizes)],
    outputs,
    { axis: stored },
  );
  return parts.map((part) => backend.symbol(part, order));
}

const split: Kernel = (call) => {
  const x = input(call, 'x');
  const { axis, numOrSizeSplits } = attributes(call) as {
    axis: number;
    numOrSizeSplits: number[] | number;
  };
  const along = oneAxis(axis, x);
  return splitInto(
    call.backend,
    x,
    along,
    backend_util.prepareSplitSize(x, numOrSizeSplits, along),
  );
};

const unpack: Kernel = (call) => {
  const x = input(call, 'value');
  const { axis } = attributes(call) as { axis: number };
  const along = oneAxis(axis, x);
  const sizes = new Array<number>(at(x.shape, along)).fill(1);
  const shape = x.shape.filter((_, i) => i !== along);
  return splitInto(call.backend, x, along, sizes).map((part) =>
    reshaped(call.backend, part, shape),
  );
};

const tile: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { reps } = attributes(call) as { reps: number[] };
  if (reps.every((count) => count === 1)) return backend.alias(x);
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const counts = alongStored(order, reps);
  const shape = value.shape.map((length, axis) => length * at(counts, axis));
  // Repeating axes of length 1 is broadcasting.
  const op = counts.every(
    (count, axis) => count === 1 || value.shape[axis] === 1,
  )
    ? graph.node('Expand', [value, graph.int64(shape)], value.dtype, shape)
    : graph.node('Tile', [value, graph.int64(counts)], value.dtype, shape);
  return backend.symbol(op, order);
};

export const joiningKernels: KernelTable = {
  Concat: concat,
  Pack: pack,
  SplitV: split,
  Tile: tile,
  Unpack: unpack,
};
