import { sameShape, sizeOf } from '@clip-lung/tensor';
import {
  backend_util,
  slice_util,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import { arrange, arrangePlain } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { identityOrder, isIdentity, type Order, permute } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';

/** Gives a tensor another shape of the same size. Axes of length 1 come and go without moving an element. */
function reshaped(
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
  const lengths = long.map((axis) => old[axis] ?? 1);
  if (
    !sameShape(
      lengths,
      shape.filter((length) => length !== 1),
    )
  )
    return undefined;
  const units = shape.length - long.length;
  const byStore = [...long].sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
  const stored = [
    ...new Array<number>(units).fill(1),
    ...byStore.map((axis) => old[axis] ?? 1),
  ];
  let unit = 0;
  let next = 0;
  const newOrder = shape.map((length) =>
    length === 1 ? unit++ : units + byStore.indexOf(long[next++] ?? 0),
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
const transpose: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { perm } = attributes(call) as { perm: number[] };
  return backend.symbol(backend.stored(x), permute(backend.orderOf(x), perm));
};

/** `values` along the stored axis that is the logical axis i; `rest` along the others. */
function alongStored(order: Order, values: readonly number[]): number[] {
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

const slice: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { begin, size } = attributes(call) as {
    begin: number | number[];
    size: number | number[];
  };
  const [starts = [], sizes = []] = slice_util.parseSliceParams(x, begin, size);
  const order = backend.orderOf(x);
  const ends = starts.map((start, axis) => start + (sizes[axis] ?? 0));
  const value = cut(
    backend,
    backend.stored(x),
    alongStored(order, starts),
    alongStored(order, ends),
    order.map(() => 1),
  );
  return backend.symbol(value, order);
};

const pad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { paddings, constantValue } = attributes(call) as {
    paddings: [number, number][];
    constantValue: number;
  };
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const before = alongStored(
    order,
    paddings.map(([first]) => first),
  );
  const after = alongStored(
    order,
    paddings.map(([, last]) => last),
  );
  const shape = value.shape.map(
    (n, axis) => n + (before[axis] ?? 0) + (after[axis] ?? 0),
  );
  const operands = [
    value,
    graph.int64([...before, ...after]),
    graph.scalar(constantValue, x.dtype as 'float32'),
  ];
  return backend.symbol(graph.node('Pad', operands, value.dtype, shape), order);
};

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
  const stored = order[axis] ?? axis;
  const shape = (values[0]?.shape ?? []).map((length, i) =>
    i === stored
      ? values.reduce((sum, value) => sum + (value.shape[i] ?? 0), 0)
      : length,
  );
  return backend.symbol(
    backend.graph.node('Concat', values, backend.stored(first).dtype, shape, {
      axis: stored,
    }),
    order,
  );
}

function allInputs({ inputs }: KernelCall): TensorInfo[] {
  return Object.values(inputs).flatMap((tensor) => tensor ?? []);
}

const concat: Kernel = (call) => {
  const tensors = allInputs(call);
  const { axis } = attributes(call) as { axis: number };
  const [at = 0] = util.parseAxisParam(axis, tensors[0]?.shape ?? []);
  return concatenate(
    call.backend,
    tensors.filter(({ shape }) => sizeOf(shape) > 0),
    at,
  );
};

const pack: Kernel = (call) => {
  const { axis } = attributes(call) as { axis: number };
  const expanded = allInputs(call).map((tensor) => {
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
  const stored = order[axis] ?? axis;
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
  const [at = 0] = util.parseAxisParam(axis, x.shape);
  return splitInto(
    call.backend,
    x,
    at,
    backend_util.prepareSplitSize(x, numOrSizeSplits, at),
  );
};

const unpack: Kernel = (call) => {
  const x = input(call, 'value');
  const { axis } = attributes(call) as { axis: number };
  const [at = 0] = util.parseAxisParam(axis, x.shape);
  const sizes = new Array<number>(x.shape[at] ?? 0).fill(1);
  const shape = x.shape.filter((_, i) => i !== at);
  return splitInto(call.backend, x, at, sizes).map((part) =>
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
  const shape = value.shape.map((length, axis) => length * (counts[axis] ?? 1));
  // Repeating axes of length 1 is broadcasting.
  const op = counts.every(
    (count, axis) => count === 1 || value.shape[axis] === 1,
  )
    ? graph.node('Expand', [value, graph.int64(shape)], value.dtype, shape)
    : graph.node('Tile', [value, graph.int64(counts)], value.dtype, shape);
  return backend.symbol(op, order);
};

const reverse: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { dims } = attributes(call) as { dims: number | number[] };
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const axes = util
    .parseAxisParam(dims, x.shape)
    .map((axis) => order[axis] ?? axis);
  if (axes.length === 0) return backend.alias(x);
  const all = (item: number): GraphValue => graph.int64(axes.map(() => item));
  // From the last element to before the first; ONNX clamps the far end.
  const operands = [
    value,
    all(-1),
    all(-(2 ** 31)),
    graph.int64(axes),
    all(-1),
  ];
  return backend.symbol(
    graph.node('Slice', operands, value.dtype, value.shape),
    order,
  );
};

export const shapeKernels: KernelTable = {
  Concat: concat,
  ExpandDims: expandDims,
  Pack: pack,
  PadV2: pad,
  Reshape: reshape,
  Reverse: reverse,
  Slice: slice,
  SplitV: split,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
};

/** A tensor's value as the program sees it, with its axes merged into the given shape. */
export function flattened(
  backend: TraceBackend,
  tensor: TensorInfo,
  shape: readonly number[],
): GraphValue {
  const { graph } = backend;
  const value = arrange(backend, tensor, identityOrder(tensor.shape.length));
  return sameShape(value.shape, shape)
    ? value
    : graph.node('Reshape', [value, graph.int64(shape)], value.dtype, shape);
}
