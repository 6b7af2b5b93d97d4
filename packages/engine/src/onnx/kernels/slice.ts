import { at } from '@clip-lung/tensor';
import { slice_util, util } from '@tensorflow/tfjs-core';

import type { GraphValue } from '../graph/graph.js';
import { graphType } from '../symbols/host-values.js';
import { alongStored, cut } from './cut.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { reshaped } from './shape.js';

const slice: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { begin, size } = attributes(call) as {
    begin: number | number[];
    size: number | number[];
  };
  const bounds = slice_util.parseSliceParams(x, begin, size);
  const [starts, sizes] = [at(bounds, 0), at(bounds, 1)];
  const order = backend.orderOf(x);
  const ends = starts.map((start, axis) => start + at(sizes, axis));
  const value = cut(
    backend,
    backend.stored(x),
    alongStored(order, starts),
    alongStored(order, ends),
    order.map(() => 1),
  );
  return backend.symbol(value, order);
};

const stridedSlice: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const given = attributes(call) as Record<
    'begin' | 'end' | 'strides',
    number[]
  > &
    Record<
      | 'beginMask'
      | 'endMask'
      | 'ellipsisMask'
      | 'newAxisMask'
      | 'shrinkAxisMask',
      number
    >;
  const { begin, end, strides, finalShape } = slice_util.sliceInfo(
    x.shape,
    given.begin,
    given.end,
    given.strides,
    given.beginMask,
    given.endMask,
    given.ellipsisMask,
    given.newAxisMask,
    given.shrinkAxisMask,
  );
  if (finalShape.includes(0)) {
    return backend.constant(
      finalShape,
      graphType(x.dtype),
      new Float32Array(0),
    );
  }
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  // Backwards to the very start: ONNX reads −1 as the last element, and clamps what is far below.
  const ends = end.map((last, axis) =>
    at(strides, axis) < 0 && last < 0 ? -(2 ** 31) : last,
  );
  const stored = alongStored(
    order,
    slice_util.computeOutShape(begin, end, strides),
  );
  const result = backend.graph.node(
    'Slice',
    [
      value,
      backend.graph.int64(alongStored(order, begin)),
      backend.graph.int64(alongStored(order, ends)),
      backend.graph.int64(order.map((_, axis) => axis)),
      backend.graph.int64(alongStored(order, strides)),
    ],
    value.dtype,
    stored,
  );
  return reshaped(backend, backend.symbol(result, order), finalShape);
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
    .map((axis) => at(order, axis));
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

export const sliceKernels = {
  Reverse: reverse,
  Slice: slice,
  StridedSlice: stridedSlice,
} satisfies KernelTable;
