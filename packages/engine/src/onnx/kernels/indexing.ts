import { sizeOf } from '@clip-lung/tensor';
import { util } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { arrangePlain } from '../arrange.js';
import type { GraphType } from '../graph.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { flattened } from './shape.js';

const gather: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const indices = input(call, 'indices');
  const { axis, batchDims = 0 } = attributes(call) as {
    axis: number;
    batchDims?: number;
  };
  if (batchDims !== 0) {
    throw new TraceError(
      `tf.gather with batchDims ${batchDims} is not traced, only 0; flatten the batch axes and offset the indices`,
    );
  }
  const [at = 0] = util.parseAxisParam(axis, x.shape);
  const shape = [
    ...x.shape.slice(0, at),
    ...indices.shape,
    ...x.shape.slice(at + 1),
  ];
  return backend.symbol(
    backend.graph.node(
      'Gather',
      [arrangePlain(backend, x), arrangePlain(backend, indices)],
      x.dtype as GraphType,
      shape,
      { axis: at },
    ),
  );
};

/** Sums the rows of `x` that share a segment: the gradient of a gather. */
const unsortedSegmentSum: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const ids = input(call, 'segmentIds');
  const { numSegments } = attributes(call) as { numSegments: number };
  const rows = sizeOf(ids.shape);
  const rest = x.shape.slice(ids.shape.length);
  const updates = flattened(backend, x, [rows, ...rest]);
  const shape = [numSegments, ...rest];
  const zeros = backend.stored(backend.filled(shape, x.dtype as GraphType, 0));
  // Scattering wants int64 indices.
  const narrow = flattened(backend, ids, [rows, 1]);
  const indices = graph.node('Cast', [narrow], 'int64', [rows, 1], { to: 7 });
  return backend.symbol(
    graph.node(
      'ScatterND',
      [zeros, indices, updates],
      x.dtype as GraphType,
      shape,
      {
        reduction: 'add',
      },
    ),
  );
};

export const indexingKernels: KernelTable = {
  GatherV2: gather,
  UnsortedSegmentSum: unsortedSegmentSum,
};
