import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import { at, sizeOf } from '@clip-lung/tensor';

import type { GraphType, GraphValue } from '../graph/graph.js';
import { type Order, withoutAxes } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { castTensor, castValue } from './cast.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelTable,
  oneAxis,
} from './kernel.js';
import { rowSum } from './row-sum.js';

interface ReductionAttributes {
  readonly axis?: number | number[];
  /** what tfjs calls the axes of Max */
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

function reduction(op: string, { asFloat = false } = {}): Kernel {
  return (call) => {
    const { backend } = call;
    const given = input(call, 'x');
    const {
      axis,
      reductionIndices,
      keepDims = false,
    } = attributes(call) as ReductionAttributes;
    const axes = util.parseAxisParam(
      // No axes at all means every axis.
      (axis ?? reductionIndices) as number[],
      given.shape,
    );
    const dtype = asFloat ? 'float32' : (given.dtype as GraphType);
    // ONNX reduces no booleans: they are reduced as integers.
    const x = castTensor(backend, given, dtype === 'bool' ? 'int32' : dtype);
    if (axes.length === 0) return castTensor(backend, x, dtype);
    return castTensor(backend, reduce(backend, op, x, axes, keepDims), dtype);
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
  const reduced =
    sumInFront(backend, op, value, storedAxes) ??
    graph.node(
      op,
      [value, graph.int64(storedAxes)],
      x.dtype as GraphType,
      shape,
      { keepdims: keepDims ? 1 : 0 },
    );
  return backend.symbol(
    graph.reshape(reduced, shape),
    keepDims ? order : withoutAxes(order, new Set(axes)),
  );
}

/** A smaller array is reduced in no time. */
const fewestElements = 4096;

/**
 * A sum or mean over axes that are stored in front, such as a batch normalisation's over [H, W, B] of [H, W, B, C]. Of several
 * axes the last is summed up afterwards: the rows of the first sum are longer by it.
 *
 * @returns the sums, axes left out; undefined where this is not the form
 */
function sumInFront(
  { graph, plain }: TraceBackend,
  op: string,
  value: GraphValue,
  axes: readonly number[],
): GraphValue | undefined {
  const kept = value.shape.slice(axes.length);
  if (
    plain ||
    value.dtype !== 'float32' ||
    (op !== 'ReduceSum' && op !== 'ReduceMean') ||
    sizeOf(value.shape) < fewestElements ||
    kept.length === 0 ||
    axes.some((axis, i) => axis !== i)
  ) {
    return undefined;
  }
  const reduced = value.shape.slice(0, axes.length);
  const factor = op === 'ReduceMean' ? 1 / sizeOf(reduced) : 1;
  if (axes.length === 1) {
    return rowSum(graph, value, sizeOf(reduced), factor);
  }
  const rows = sizeOf(reduced.slice(0, -1));
  const rest = value.shape.slice(axes.length - 1);
  const sums = graph.reshape(rowSum(graph, value, rows, factor), rest);
  const operands = [sums, graph.int64([0])];
  return graph.node('ReduceSum', operands, 'float32', kept, { keepdims: 0 });
}

function storedFrom(order: Order, axes: readonly number[]): number[] {
  return axes.map((axis) => at(order, axis)).sort((a, b) => a - b);
}

/** Over one axis, where it is stored. */
const softmax: Kernel = (call) => {
  const { backend } = call;
  const logits = input(call, 'logits');
  const { dim } = attributes(call) as { dim: number };
  const logical = oneAxis(dim, logits);
  const order = backend.orderOf(logits);
  const value = backend.stored(logits);
  return backend.symbol(
    backend.graph.node('Softmax', [value], 'float32', value.shape, {
      axis: at(order, logical),
    }),
    order,
  );
};

/** The place of the greatest or least element; the first of equals, as in tfjs. */
function place(op: 'ArgMax' | 'ArgMin'): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const { axis } = attributes(call) as { axis: number };
    const logical = oneAxis(axis, x);
    const order = backend.orderOf(x);
    const stored = at(order, logical);
    const value = backend.stored(x);
    const index = backend.graph.node(
      op,
      [
        castValue(
          backend,
          value,
          value.dtype === 'bool' ? 'int32' : value.dtype,
        ),
      ],
      'int64',
      value.shape.filter((_, i) => i !== stored),
      { axis: stored, keepdims: 0 },
    );
    return backend.symbol(
      castValue(backend, index, 'int32'),
      withoutAxes(order, new Set([logical])),
    );
  };
}

export const reductionKernels: KernelTable = {
  All: reduction('ReduceMin'),
  Any: reduction('ReduceMax'),
  ArgMax: place('ArgMax'),
  ArgMin: place('ArgMin'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean', { asFloat: true }),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Softmax: softmax,
  Sum: reduction('ReduceSum'),
};
