import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { GraphType } from '../graph/graph.js';
import { arrange, arrangePlain } from '../symbols/arrange.js';
import { imagesChannelsFirst } from '../symbols/layout.js';
import { arithmeticKernels } from './arithmetic.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelTable,
  optionalInput,
} from './kernel.js';
import { unaryKernels } from './unary.js';

/**
 * (x − mean) / √(variance + ε) · scale + offset. Statistics per channel are one node, which ONNX Runtime merges into a
 * convolution before it; statistics of another shape broadcast.
 */
const batchNorm: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const mean = input(call, 'mean');
  const variance = input(call, 'variance');
  const { varianceEpsilon: epsilon } = attributes(call) as {
    varianceEpsilon: number;
  };
  const same = (number: number): TensorInfo =>
    backend.filled(mean.shape, 'float32', number);
  const scale = optionalInput(call, 'scale') ?? same(1);
  const offset = optionalInput(call, 'offset') ?? same(0);
  if (mean.shape.length === 1) {
    const order = imagesChannelsFirst(x.shape.length - 2);
    const images = arrange(backend, x, order);
    const operands = [scale, offset, mean, variance].map((tensor) =>
      arrangePlain(backend, tensor),
    );
    return backend.symbol(
      backend.graph.node(
        'BatchNormalization',
        [images, ...operands],
        x.dtype as GraphType,
        images.shape,
        { epsilon: { float: epsilon } },
      ),
      order,
    );
  }
  const { Add: add, Multiply: multiply, Sub: subtract } = arithmeticKernels;
  const apply = (kernel: Kernel, a: TensorInfo, b: TensorInfo): TensorInfo =>
    kernel({ ...call, inputs: { a, b } }) as TensorInfo;
  const spread = apply(add, variance, backend.filled([], 'float32', epsilon));
  const inverse = unaryKernels.Rsqrt({
    ...call,
    inputs: { x: spread },
  }) as TensorInfo;
  const factor = apply(multiply, inverse, scale);
  const centred = apply(subtract, x, mean);
  return apply(add, apply(multiply, centred, factor), offset);
};

export const normalisationKernels: KernelTable = { FusedBatchNorm: batchNorm };
