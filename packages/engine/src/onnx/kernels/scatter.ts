import { sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import { arrangePlain } from '../arrange.js';
import type { GraphType, GraphValue } from '../graph.js';
import type { TraceBackend } from '../trace-backend.js';
import { elementwise } from './broadcast.js';
import { castValue } from './cast.js';
import { wideIndices } from './indexing.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { flattened } from './shape.js';

function scatter(
  { graph }: TraceBackend,
  base: GraphValue,
  indices: GraphValue,
  updates: GraphValue,
  reduction: 'add' | 'none',
): GraphValue {
  return graph.node(
    'ScatterND',
    [base, indices, updates],
    base.dtype,
    base.shape,
    { reduction },
  );
}

/** Sums the rows of `x` that share a segment: the gradient of a gather. Rows of no segment are left out. */
const unsortedSegmentSum: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const ids = input(call, 'segmentIds');
  const { numSegments } = attributes(call) as { numSegments: number };
  const rows = sizeOf(ids.shape);
  const rest = x.shape.slice(ids.shape.length);
  const updates = flattened(backend, x, [rows, ...rest]);
  const shape = [numSegments, ...rest];
  const zeros = backend.stored(backend.filled(shape, x.dtype as GraphType, 0));
  const column = flattened(backend, ids, [rows, 1]);
  const inside = backend
    .hostValues(ids)
    ?.every((id) => id >= 0 && id < numSegments);
  const { indices, kept } =
    inside === true
      ? { indices: column, kept: updates }
      : withoutStrangers(backend, column, updates, numSegments);
  const wide = castValue(backend, indices, 'int64');
  return backend.symbol(scatter(backend, zeros, wide, kept, 'add'));
};

/** ONNX counts negative indices from the end: rows of no segment become zeros for the first one instead. */
function withoutStrangers(
  backend: TraceBackend,
  column: GraphValue,
  updates: GraphValue,
  segments: number,
): { readonly indices: GraphValue; readonly kept: GraphValue } {
  const { graph } = backend;
  const zero = graph.scalar(0, 'int32');
  const first = elementwise(graph, 'Max', [column, zero]);
  const indices = elementwise(graph, 'Min', [
    first,
    graph.scalar(segments - 1, 'int32'),
  ]);
  const own = elementwise(graph, 'Equal', [indices, column], 'bool');
  const shape = updates.shape.map((n, i) => (i === 0 ? n : 1));
  const mask = graph.node('Reshape', [own, graph.int64(shape)], 'bool', shape);
  const nothing = graph.scalar(0, updates.dtype as GraphType);
  return {
    indices,
    kept: elementwise(graph, 'Where', [mask, updates, nothing]),
  };
}

/** Sums updates into zeros. */
const scatterNd: Kernel = (call) => {
  const { backend } = call;
  const updates = input(call, 'updates');
  const { shape } = attributes(call) as { shape: number[] };
  const zeros = backend.filled(shape, updates.dtype as GraphType, 0);
  return scattered(backend, zeros, input(call, 'indices'), updates, 'add');
};

/** Writes updates over a tensor's elements. Which of several updates of one element wins is not said. */
const tensorScatterUpdate: Kernel = (call) =>
  scattered(
    call.backend,
    input(call, 'tensor'),
    input(call, 'indices'),
    input(call, 'updates'),
    'none',
  );

function scattered(
  backend: TraceBackend,
  base: TensorInfo,
  indices: TensorInfo,
  updates: TensorInfo,
  reduction: 'add' | 'none',
): TensorInfo {
  return backend.symbol(
    scatter(
      backend,
      arrangePlain(backend, base),
      wideIndices(backend, indices),
      arrangePlain(backend, updates),
      reduction,
    ),
  );
}

export const scatterKernels: KernelTable = {
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  UnsortedSegmentSum: unsortedSegmentSum,
};
