import { backend_util } from '@tensorflow/tfjs-core';

import { arrange } from '../arrange.js';
import { imagesAsNchw } from '../layout.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function geometryOf(
  call: Parameters<Kernel>[0],
  shape: readonly number[],
): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attributes(
    call,
  ) as PoolAttributes;
  return backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** Means over windows; as in tfjs, what lies outside the image does not count. */
const avgPool: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const g = geometryOf(call, x.shape);
  const { top, left, bottom, right } = g.padInfo;
  const result = backend.graph.node(
    'AveragePool',
    [arrange(backend, x, imagesAsNchw)],
    'float32',
    [g.batchSize, g.outChannels, g.outHeight, g.outWidth],
    {
      kernel_shape: [g.filterHeight, g.filterWidth],
      strides: [g.strideHeight, g.strideWidth],
      pads: [top, left, bottom, right],
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

/** tfjs divides every window's gradient by its full size, so it is a depthwise transposed convolution with a constant. */
const avgPoolGrad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const dy = input(call, 'dy');
  const g = geometryOf(call, input(call, 'input').shape);
  const { top, left, bottom, right } = g.padInfo;
  const size = g.filterHeight * g.filterWidth;
  const share = new Float32Array(g.inChannels * size).fill(1 / size);
  const result = graph.node(
    'ConvTranspose',
    [
      arrange(backend, dy, imagesAsNchw),
      graph.constant(
        'float32',
        [g.inChannels, 1, g.filterHeight, g.filterWidth],
        share,
      ),
    ],
    'float32',
    [g.batchSize, g.inChannels, g.inHeight, g.inWidth],
    {
      kernel_shape: [g.filterHeight, g.filterWidth],
      strides: [g.strideHeight, g.strideWidth],
      pads: [top, left, bottom, right],
      group: g.inChannels,
      output_padding: [
        g.inHeight +
          top +
          bottom -
          ((g.outHeight - 1) * g.strideHeight + g.filterHeight),
        g.inWidth +
          left +
          right -
          ((g.outWidth - 1) * g.strideWidth + g.filterWidth),
      ],
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

export const poolingKernels: KernelTable = {
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
};
