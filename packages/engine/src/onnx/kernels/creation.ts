import type { DataType } from '@tensorflow/tfjs-core';

import { graphType } from '../trace-backend.js';
import { castValue } from './elementwise.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

/** An array of one number; it is written out only where a scalar would not do. */
function like(number: number): Kernel {
  return (call) => {
    const x = input(call, 'x');
    return call.backend.filled(x.shape, graphType(x.dtype), number);
  };
}

const fill: Kernel = (call) => {
  const { shape, value, dtype } = attributes(call) as {
    shape: number[];
    value: number;
    dtype?: DataType;
  };
  return call.backend.filled(shape, graphType(dtype ?? 'float32'), value);
};

const oneHot: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const indices = input(call, 'indices');
  const { depth, onValue, offValue, dtype } = attributes(call) as {
    depth: number;
    onValue: number;
    offValue: number;
    dtype?: DataType;
  };
  const type = graphType(dtype ?? 'int32');
  const value = backend.stored(indices);
  const shape = [...value.shape, depth];
  // ONNX Runtime has this operator for float results only.
  const hot = graph.node(
    'OneHot',
    [
      value,
      graph.scalar(depth, 'int32'),
      graph.constant('float32', [2], Float32Array.of(offValue, onValue)),
    ],
    'float32',
    shape,
    { axis: -1 },
  );
  return backend.symbol(
    type === 'float32' ? hot : castValue(backend, hot, type),
    [...backend.orderOf(indices), value.shape.length],
  );
};

export const creationKernels: KernelTable = {
  Fill: fill,
  OneHot: oneHot,
  OnesLike: like(1),
  ZerosLike: like(0),
};
