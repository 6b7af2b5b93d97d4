import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { GraphType } from '../graph.js';
import { type Order, withoutAxes } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

interface ReductionAttributes {
  readonly axis?: number | number[];
  /** what tfjs calls the axes of Max */
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

function reduction(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const {
      axis,
      reductionIndices,
      keepDims = false,
    } = attributes(call) as ReductionAttributes;
    const axes = util.parseAxisParam(
      // No axes at all means every axis.
      (axis ?? reductionIndices) as number[],
      x.shape,
    );
    if (axes.length === 0) return backend.alias(x);
    return reduce(backend, op, x, axes, keepDims);
  };
}

/** Reduces the axes where they are stored. */
function reduce(
  backend: TraceBackend,
  op: string,
  x: TensorInfo,
  axes: readonly number[],
  keepDims: boolean,
): TensorInfo {
  const { graph } = backend;
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const storedAxes = storedFrom(order, axes);
  const shape = value.shape.flatMap((length, axis) =>
    !storedAxes.includes(axis) ? [length] : keepDims ? [1] : [],
  );
  const reduced = graph.node(
    op,
    [value, graph.int64(storedAxes)],
    x.dtype as GraphType,
    shape,
    { keepdims: keepDims ? 1 : 0 },
  );
  return backend.symbol(
    reduced,
    keepDims ? order : withoutAxes(order, new Set(axes)),
  );
}

function storedFrom(order: Order, axes: readonly number[]): number[] {
  return axes.map((axis) => order[axis] ?? axis).sort((a, b) => a - b);
}

/** Softmax and log-softmax over one axis, where it is stored. */
function softmax(op: string, inputName: string): Kernel {
  return (call) => {
    const { backend } = call;
    const logits = input(call, inputName);
    const { dim, axis } = attributes(call) as { dim?: number; axis?: number };
    const logical =
      ((dim ?? axis ?? -1) + logits.shape.length) % logits.shape.length;
    const order = backend.orderOf(logits);
    const value = backend.stored(logits);
    return backend.symbol(
      backend.graph.node(op, [value], 'float32', value.shape, {
        axis: order[logical] ?? logical,
      }),
      order,
    );
  };
}

/** The index of the greatest element; the first of equals, as in tfjs. */
const argMax: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { axis } = attributes(call) as { axis: number };
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const stored = order[(axis + x.shape.length) % x.shape.length] ?? 0;
  const shape = value.shape.filter((_, i) => i !== stored);
  const index = graph.node('ArgMax', [value], 'int64', shape, {
    axis: stored,
    keepdims: 0,
  });
  const narrow = graph.node('Cast', [index], 'int32', shape, { to: 6 });
  return backend.symbol(
    narrow,
    withoutAxes(order, new Set([(axis + x.shape.length) % x.shape.length])),
  );
};

/** ONNX reduces no booleans: they are reduced as integers. */
function logical(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    const { graph } = backend;
    const x = input(call, 'x');
    const value = backend.stored(x);
    const numbers = backend.symbol(
      graph.node('Cast', [value], 'int32', value.shape, { to: 6 }),
      backend.orderOf(x),
    );
    const reduced = reduction(op)({
      ...call,
      inputs: { x: numbers },
    }) as TensorInfo;
    const result = backend.stored(reduced);
    return backend.symbol(
      graph.node('Cast', [result], 'bool', result.shape, { to: 9 }),
      backend.orderOf(reduced),
    );
  };
}

export const reductionKernels: KernelTable = {
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: argMax,
  LogSoftmax: softmax('LogSoftmax', 'logits'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Softmax: softmax('Softmax', 'logits'),
  Sum: reduction('ReduceSum'),
};
