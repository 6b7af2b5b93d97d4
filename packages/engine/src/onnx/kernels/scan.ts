import { at } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { GraphValue } from '../graph/graph.js';
import { graphType } from '../symbols/host-values.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { elementwise } from './broadcast.js';
import { castTensor } from './cast.js';
import { cut } from './cut.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
  oneAxis,
} from './kernel.js';

interface Scan {
  /** integers for truth values, as tfjs counts them */
  readonly x: TensorInfo;
  /** the scanned axis, where it is stored */
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function scanOf(call: KernelCall): Scan {
  const { backend } = call;
  const given = input(call, 'x');
  const {
    axis,
    exclusive = false,
    reverse = false,
  } = attributes(call) as Partial<Scan> & { axis: number };
  const x =
    given.dtype === 'bool' ? castTensor(backend, given, 'int32') : given;
  const stored = at(backend.orderOf(x), oneAxis(axis, x));
  return { x, axis: stored, exclusive, reverse };
}

const cumsum: Kernel = (call) => {
  const { backend } = call;
  const { x, axis, exclusive, reverse } = scanOf(call);
  const value = backend.stored(x);
  const operands = [
    value,
    backend.graph.constant('int64', [], BigInt64Array.of(BigInt(axis))),
  ];
  const sums = backend.graph.node(
    'CumSum',
    operands,
    value.dtype,
    value.shape,
    { exclusive: Number(exclusive), reverse: Number(reverse) },
  );
  return backend.symbol(sums, backend.orderOf(x));
};

/** ONNX has no running product: each pass multiplies in twice as many elements before. */
const cumprod: Kernel = (call) => {
  const { backend } = call;
  const { x, axis, exclusive, reverse } = scanOf(call);
  let value = backend.stored(x);
  const length = at(value.shape, axis);
  if (exclusive) value = shifted(backend, value, axis, 1, reverse);
  for (let reach = 1; reach < length; reach *= 2) {
    const before = shifted(backend, value, axis, reach, reverse);
    value = elementwise(backend.graph, 'Mul', [value, before]);
  }
  return backend.symbol(value, backend.orderOf(x));
};

/** The elements `by` places further along an axis (or back), ones coming in. */
function shifted(
  backend: TraceBackend,
  value: GraphValue,
  axis: number,
  by: number,
  back: boolean,
): GraphValue {
  const { graph } = backend;
  const along = (number: number): number[] =>
    value.shape.map((_, i) => (i === axis ? number : 0));
  const length = at(value.shape, axis);
  const kept = cut(
    backend,
    value,
    along(back ? by : 0),
    value.shape.map((n, i) => (i !== axis ? n : back ? length : length - by)),
    value.shape.map(() => 1),
  );
  const pads = back ? [...along(0), ...along(by)] : [...along(by), ...along(0)];
  return graph.node(
    'Pad',
    [kept, graph.int64(pads), graph.scalar(1, graphType(value.dtype))],
    value.dtype,
    value.shape,
  );
}

export const scanKernels: KernelTable = { Cumprod: cumprod, Cumsum: cumsum };
