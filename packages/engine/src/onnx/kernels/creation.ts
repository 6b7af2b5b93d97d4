import type { DataType } from '@tensorflow/tfjs-core';

import { graphType } from '../symbols/host-values.js';
import { computeAhead } from './fold.js';
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
    dtype: DataType;
  };
  return call.backend.filled(shape, graphType(dtype), value);
};

/** A kernel without inputs: its result is known while tracing. */
function known(name: string): Kernel {
  return (call) => computeAhead(name, call);
}

export const creationKernels: KernelTable = {
  Fill: fill,
  LinSpace: known('LinSpace'),
  OnesLike: like(1),
  Range: known('Range'),
  ZerosLike: like(0),
};
