import { at, sizeOf } from '@clip-lung/tensor';

import { exactly } from '../../exactly.js';
import type { GraphType, GraphValue } from '../graph/graph.js';
import { arrangePlain } from '../symbols/arrange.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { elementwise } from './broadcast.js';
import { castValue } from './cast.js';
import { wideIndices } from './indexing.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { flattened } from './shape.js';

/** Up to this many segments, and this many elements of the matrix, summing is a product; measured on two cores. */
const segmentLimit = 512;
const matrixLimit = 1 << 23;

/**
 * Sums rows by the segment that each belongs to; rows of no segment are left out.
 *
 * Not by ONNX's `ScatterND`: with more than one thread, ONNX Runtime loses updates of one element that come at the same
 * time (its issues 18048 and 23396).
 *
 * @param updates [rows, columns]
 * @param ids int32 [rows]
 * @returns [segments, columns]
 */
function segmentSum(
  backend: TraceBackend,
  updates: GraphValue,
  ids: GraphValue,
  segments: number,
): GraphValue {
  const rows = at(updates.shape, 0);
  return updates.dtype === 'float32' &&
    segments <= segmentLimit &&
    segments * rows <= matrixLimit
    ? sumByProduct(backend, updates, ids, segments)
    : sumOneByOne(backend, updates, ids, segments);
}

/** The matrix that says which row belongs to which segment, times the rows. */
function sumByProduct(
  backend: TraceBackend,
  updates: GraphValue,
  ids: GraphValue,
  segments: number,
): GraphValue {
  const { graph } = backend;
  const [rows, columns] = exactly(updates.shape, 2);
  const numbers = Int32Array.from({ length: segments }, (_, i) => i);
  const own = elementwise(
    graph,
    'Equal',
    [
      graph.constant('int32', [segments, 1], numbers),
      backend.graph.reshape(ids, [1, rows]),
    ],
    'bool',
  );
  return graph.node(
    'MatMul',
    [castValue(backend, own, 'float32'), updates],
    'float32',
    [segments, columns],
  );
}

/** `ScatterElements` adds in one thread. It counts negative indices from the end: what belongs nowhere adds zeros to 0. */
function sumOneByOne(
  backend: TraceBackend,
  updates: GraphValue,
  ids: GraphValue,
  segments: number,
): GraphValue {
  const { graph } = backend;
  const dtype = updates.dtype as GraphType;
  const [rows, columns] = exactly(updates.shape, 2);
  const column = backend.graph.reshape(ids, [rows, 1]);
  const within = elementwise(graph, 'Min', [
    elementwise(graph, 'Max', [column, graph.scalar(0, 'int32')]),
    graph.scalar(segments - 1, 'int32'),
  ]);
  const own = elementwise(graph, 'Equal', [within, column], 'bool');
  const kept = elementwise(graph, 'Where', [
    own,
    updates,
    graph.scalar(0, dtype),
  ]);
  const indices = graph.node(
    'Expand',
    [castValue(backend, within, 'int64'), graph.int64([rows, columns])],
    'int64',
    [rows, columns],
  );
  const shape = [segments, columns];
  const zeros = backend.stored(backend.filled(shape, dtype, 0));
  return graph.node('ScatterElements', [zeros, indices, kept], dtype, shape, {
    axis: 0,
    reduction: 'add',
  });
}

/** The gradient of a gather. */
const unsortedSegmentSum: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const ids = input(call, 'segmentIds');
  const { numSegments } = attributes(call) as { numSegments: number };
  const rows = sizeOf(ids.shape);
  const rest = x.shape.slice(ids.shape.length);
  const sums = segmentSum(
    backend,
    flattened(backend, x, [rows, sizeOf(rest)]),
    flattened(backend, ids, [rows]),
    numSegments,
  );
  return backend.symbol(backend.graph.reshape(sums, [numSegments, ...rest]));
};

/** Sums updates into zeros: an index of several axes is one of all of them in a row. */
const scatterNd: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const indices = input(call, 'indices');
  const updates = input(call, 'updates');
  const { shape } = attributes(call) as { shape: number[] };
  const depth = at(indices.shape, indices.shape.length - 1);
  const rows = sizeOf(indices.shape.slice(0, -1));
  const outer = shape.slice(0, depth);
  const strides = outer.map((_, axis) => sizeOf(outer.slice(axis + 1)));
  const terms = elementwise(graph, 'Mul', [
    flattened(backend, indices, [rows, depth]),
    graph.constant('int32', [depth], Int32Array.from(strides)),
  ]);
  const ids = graph.node(
    'ReduceSum',
    [terms, graph.int64([1])],
    'int32',
    [rows],
    { keepdims: 0 },
  );
  const columns = sizeOf(shape.slice(depth));
  const sums = segmentSum(
    backend,
    flattened(backend, updates, [rows, columns]),
    ids,
    sizeOf(outer),
  );
  return backend.symbol(backend.graph.reshape(sums, shape));
};

/** Writes updates over a tensor's elements. Which of several updates of one element wins is not said. */
const tensorScatterUpdate: Kernel = (call) => {
  const { backend } = call;
  const tensor = arrangePlain(backend, input(call, 'tensor'));
  return backend.symbol(
    backend.graph.node(
      'ScatterND',
      [
        tensor,
        wideIndices(backend, input(call, 'indices')),
        arrangePlain(backend, input(call, 'updates')),
      ],
      tensor.dtype,
      tensor.shape,
    ),
  );
};

export const scatterKernels: KernelTable = {
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  UnsortedSegmentSum: unsortedSegmentSum,
};
