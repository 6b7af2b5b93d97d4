import { at } from '@clip-lung/tensor';
import {
  backend_util,
  type DataType,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { userFrame } from '../../pure/user-frame.js';
import type { GraphType, GraphValue } from '../graph/graph.js';
import { arrange, arrangePlain } from '../symbols/arrange.js';
import { graphType } from '../symbols/host-values.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { elementwise } from './broadcast.js';
import { castValue } from './cast.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelTable,
  oneAxis,
} from './kernel.js';

/** Beyond any array, so that ONNX Runtime refuses it. */
const outside = 2 ** 31 - 1;

/**
 * Indices as the program means them: ONNX counts negative ones from the end, where tfjs refuses them.
 *
 * @throws {@link TraceError} for negative indices that are known while tracing; others are refused in the run
 */
function countedFromStart(
  backend: TraceBackend,
  indices: TensorInfo,
): GraphValue {
  const { graph } = backend;
  const value = castValue(backend, arrangePlain(backend, indices), 'int32');
  const known = backend.hostValues(indices);
  if (known === undefined) {
    const negative = elementwise(
      graph,
      'Less',
      [value, graph.scalar(0, 'int32')],
      'bool',
    );
    const beyond = graph.scalar(outside, 'int32');
    return elementwise(graph, 'Where', [negative, beyond, value]);
  }
  const wrong = known.find((index) => index < 0);
  if (wrong === undefined) return value;
  const { operation, place } = userFrame(new Error().stack);
  throw new TraceError(
    `the index ${wrong} is given in ${operation ?? 'a lookup'}${place === undefined ? '' : ` at ${place}`}, expected one of at least 0`,
  );
}

/** Indices as ONNX's operators of several axes want them. */
export function wideIndices(
  backend: TraceBackend,
  indices: TensorInfo,
): GraphValue {
  return castValue(backend, countedFromStart(backend, indices), 'int64');
}

const gather: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const indices = input(call, 'indices');
  const { axis, batchDims = 0 } = attributes(call) as {
    axis: number;
    batchDims?: number;
  };
  const along = oneAxis(axis, x);
  const batch = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
  if (batch > 0) return gatherInBatches(backend, x, indices, along, batch);
  const shape = [
    ...x.shape.slice(0, along),
    ...indices.shape,
    ...x.shape.slice(along + 1),
  ];
  return backend.symbol(
    backend.graph.node(
      'Gather',
      [arrangePlain(backend, x), countedFromStart(backend, indices)],
      x.dtype as GraphType,
      shape,
      { axis: along },
    ),
  );
};

/** Every batch has indices of its own: gathered as [batch, indices, outer, inner], and seen with `outer` first. */
function gatherInBatches(
  backend: TraceBackend,
  x: TensorInfo,
  indices: TensorInfo,
  axis: number,
  batch: number,
): TensorInfo {
  const axes = x.shape.map((_, i) => i);
  // The gathered axis behind the batch, whichever axes lie between.
  const front = [...axes.slice(0, batch), axis];
  const rest = axes.slice(batch).filter((i) => i !== axis);
  const stored: number[] = [];
  [...front, ...rest].forEach((logical, place) => (stored[logical] = place));
  const wide = wideIndices(backend, indices);
  const { graph } = backend;
  const items = [...indices.shape, 1];
  const shape = [...indices.shape, ...rest.map((i) => at(x.shape, i))];
  const gathered = graph.node(
    'GatherND',
    [
      arrange(backend, x, stored),
      graph.node('Reshape', [wide, graph.int64(items)], 'int64', items),
    ],
    x.dtype as GraphType,
    shape,
    { batch_dims: batch },
  );
  const outer = axis - batch;
  const own = indices.shape.length - batch;
  const places = shape.map((_, i) => i);
  return backend.symbol(gathered, [
    ...places.slice(0, batch),
    ...places.slice(batch + own, batch + own + outer),
    ...places.slice(batch, batch + own),
    ...places.slice(batch + own + outer),
  ]);
}

const gatherNd: Kernel = (call) => {
  const { backend } = call;
  const params = input(call, 'params');
  const indices = input(call, 'indices');
  const [shape] = backend_util.prepareAndValidate(params, indices);
  const operands = [
    arrangePlain(backend, params),
    wideIndices(backend, indices),
  ];
  return backend.symbol(
    backend.graph.node('GatherND', operands, params.dtype as GraphType, shape),
  );
};

/** True where an index is the place's own; what lies outside the depth is nowhere, where ONNX counts from the end. */
const oneHot: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const indices = input(call, 'indices');
  const { depth, onValue, offValue, dtype } = attributes(call) as {
    depth: number;
    onValue: number;
    offValue: number;
    dtype: DataType;
  };
  const type = graphType(dtype);
  const stored = backend.stored(indices);
  const column = [...stored.shape, 1];
  const value = graph.node(
    'Reshape',
    [castValue(backend, stored, 'int32'), graph.int64(column)],
    'int32',
    column,
  );
  const places = Int32Array.from({ length: depth }, (_, i) => i);
  const hot = elementwise(
    graph,
    'Equal',
    [value, graph.constant('int32', [depth], places)],
    'bool',
  );
  const number = type === 'bool' ? 'int32' : type;
  const result =
    onValue === 1 && offValue === 0
      ? castValue(backend, hot, type)
      : castValue(
          backend,
          elementwise(graph, 'Where', [
            hot,
            graph.scalar(onValue, number),
            graph.scalar(offValue, number),
          ]),
          type,
        );
  return backend.symbol(result, [
    ...backend.orderOf(indices),
    stored.shape.length,
  ]);
};

/** The greatest elements of the last axis and their places; of equals, the first come first. */
const topK: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { k, sorted } = attributes(call) as { k: number; sorted: boolean };
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const axis = at(order, order.length - 1);
  const shape = value.shape.map((n, i) => (i === axis ? k : n));
  const [values, places] = graph.multiNode(
    'TopK',
    [value, graph.int64([k])],
    [
      { dtype: value.dtype, shape },
      { dtype: 'int64', shape },
    ],
    { axis, largest: 1, sorted: Number(sorted) },
  ) as readonly [GraphValue, GraphValue];
  return [
    backend.symbol(values, order),
    backend.symbol(castValue(backend, places, 'int32'), order),
  ];
};

export const indexingKernels: KernelTable = {
  GatherNd: gatherNd,
  GatherV2: gather,
  OneHot: oneHot,
  TopK: topK,
};
