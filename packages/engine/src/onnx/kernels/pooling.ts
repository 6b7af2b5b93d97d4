import { sameShape, sizeOf } from '@clip-lung/tensor';
import { backend_util } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { imagesAsNchw } from '../layout.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';
import { behindWindows, coveringPads } from './window.js';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** @param pooled the result's shape where it is known: tfjs's gradients do not say how sizes were rounded */
function geometryOf(
  call: KernelCall,
  shape: readonly number[],
  pooled?: readonly number[],
): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attributes(
    call,
  ) as PoolAttributes;
  const rounded = (
    rounding: PoolAttributes['dimRoundingMode'],
  ): backend_util.Conv2DInfo =>
    backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      rounding,
    );
  const given = rounded(dimRoundingMode);
  if (pooled === undefined || sameShape(given.outShape, pooled)) return given;
  return rounded('ceil');
}

/** The attributes of ONNX's pooling nodes. Padding never counts, so it may grow where sizes are rounded up. */
function poolAttributes(
  g: backend_util.Conv2DInfo,
): Record<'kernel_shape' | 'strides' | 'pads', number[]> {
  const pads = coveringPads(g);
  if (
    pads.some((pad, i) => pad >= (i % 2 === 0 ? g.filterHeight : g.filterWidth))
  ) {
    throw new TraceError(
      `a pooling window of ${g.filterHeight} × ${g.filterWidth} lies outside the image of ${g.inHeight} × ${g.inWidth}; pad or round sizes less`,
    );
  }
  return {
    kernel_shape: [g.filterHeight, g.filterWidth],
    strides: [g.strideHeight, g.strideWidth],
    pads,
  };
}

/** Means or maxima over windows; as in tfjs, what lies outside the image does not count. */
function pool(op: 'AveragePool' | 'MaxPool'): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const g = geometryOf(call, x.shape);
    const result = backend.graph.node(
      op,
      [arrange(backend, x, imagesAsNchw)],
      'float32',
      [g.batchSize, g.outChannels, g.outHeight, g.outWidth],
      poolAttributes(g),
    );
    return backend.symbol(result, imagesAsNchw);
  };
}

/** A window's gradient goes to its greatest element; of equals, to the first one. */
const maxPoolGrad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const images = input(call, 'input');
  const dy = input(call, 'dy');
  const g = geometryOf(call, images.shape, dy.shape);
  const pooled = [g.batchSize, g.outChannels, g.outHeight, g.outWidth];
  const [, places] = graph.multiNode(
    'MaxPool',
    [arrange(backend, images, imagesAsNchw)],
    [
      { dtype: 'float32', shape: pooled },
      { dtype: 'int64', shape: pooled },
    ],
    poolAttributes(g),
  ) as readonly [GraphValue, GraphValue];
  const flat = (value: GraphValue): GraphValue => {
    const shape = [sizeOf(value.shape)];
    return graph.node(
      'Reshape',
      [value, graph.int64(shape)],
      value.dtype,
      shape,
    );
  };
  const size = sizeOf(images.shape);
  const overlapping =
    g.strideHeight < g.filterHeight || g.strideWidth < g.filterWidth;
  const sums = graph.node(
    'ScatterElements',
    [
      backend.stored(backend.filled([size], 'float32', 0)),
      flat(places),
      flat(arrange(backend, dy, imagesAsNchw)),
    ],
    'float32',
    [size],
    { axis: 0, reduction: overlapping ? 'add' : 'none' },
  );
  const shape = [g.batchSize, g.inChannels, g.inHeight, g.inWidth];
  return backend.symbol(
    graph.node('Reshape', [sums, graph.int64(shape)], 'float32', shape),
    imagesAsNchw,
  );
};

/** tfjs divides every window's gradient by its full size, so it is a depthwise transposed convolution with a constant. */
const avgPoolGrad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const dy = input(call, 'dy');
  const g = geometryOf(call, input(call, 'input').shape, dy.shape);
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
      pads: coveringPads(g),
      group: g.inChannels,
      output_padding: behindWindows(g),
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

export const poolingKernels: KernelTable = {
  AvgPool: pool('AveragePool'),
  AvgPoolGrad: avgPoolGrad,
  MaxPool: pool('MaxPool'),
  MaxPoolGrad: maxPoolGrad,
};
