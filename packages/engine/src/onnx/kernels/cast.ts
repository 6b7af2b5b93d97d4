import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

import type { GraphType, GraphValue } from '../graph/graph.js';
import { graphType } from '../symbols/host-values.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { mapStored } from './broadcast.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

/** The numbers of ONNX's `TensorProto.DataType`. */
const onnxType = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

/** A value of another type: floats lose what is behind the point, and what is not zero is true, as in tfjs. */
export function castValue(
  { graph }: TraceBackend,
  value: GraphValue,
  dtype: GraphValue['dtype'],
): GraphValue {
  if (value.dtype === dtype) return value;
  return graph.node('Cast', [value], dtype, value.shape, {
    to: onnxType[dtype],
  });
}

/** A tensor of another type. */
export function castTensor(
  backend: TraceBackend,
  x: TensorInfo,
  dtype: GraphType,
): TensorInfo {
  return dtype === x.dtype
    ? backend.alias(x)
    : mapStored(backend, x, (value) => castValue(backend, value, dtype));
}

const cast: Kernel = (call) => {
  const { dtype } = attributes(call) as { dtype: DataType };
  return castTensor(call.backend, input(call, 'x'), graphType(dtype));
};

export const castKernels: KernelTable = { Cast: cast };
