import { formatShape, sameShape, sizeOf } from '@clip-lung/tensor';
import { backend_util } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { poolingWindows, type VolumePooling } from '../../volume-windows.js';
import { planar, reach, type Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesChannelsFirst } from '../symbols/layout.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';
import {
  behindWindows,
  inputShape,
  outputShape,
  windowAttributes,
} from './window.js';

type Rounding = 'floor' | 'round' | 'ceil';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: Rounding;
}

/**
 * Where the windows lie.
 *
 * @param pooled the result's shape where it is known: tfjs's gradients do not say how sizes were rounded in images
 */
type WindowsOf = (
  call: KernelCall,
  shape: readonly number[],
  pooled?: readonly number[],
) => Windows;

const planes: WindowsOf = (call, shape, pooled) => {
  const { filterSize, strides, pad, dimRoundingMode } = attributes(
    call,
  ) as PoolAttributes;
  const rounded = (rounding: Rounding | undefined): backend_util.Conv2DInfo =>
    backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      rounding,
    );
  const given = rounded(dimRoundingMode);
  return planar(
    pooled === undefined || sameShape(given.outShape, pooled)
      ? given
      : rounded('ceil'),
  );
};

const volumes: WindowsOf = (call, shape) =>
  poolingWindows(shape, attributes(call) as VolumePooling);

/** Padding never counts, so it may grow where sizes are rounded up; but a window that lies in it alone has no value. */
function expectInside({ axes }: Windows): void {
  if (
    axes.every((axis) => axis.before < reach(axis) && axis.after < reach(axis))
  )
    return;
  const image = formatShape(axes.map(({ length }) => length));
  const window = formatShape(axes.map(({ size }) => size));
  throw new TraceError(
    `a pooling window of ${window} lies outside the image of ${image}; pad or round sizes less`,
  );
}

/** Means or maxima over windows; as in tfjs, what lies outside the image does not count. */
function pool(op: 'AveragePool' | 'MaxPool', windowsOf: WindowsOf): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const windows = windowsOf(call, x.shape);
    expectInside(windows);
    const order = imagesChannelsFirst(windows.axes.length);
    const result = backend.graph.node(
      op,
      [arrange(backend, x, order)],
      'float32',
      outputShape(windows),
      windowAttributes(windows),
    );
    return backend.symbol(result, order);
  };
}

/** A window's gradient goes to its greatest element; of equals, to the first one. */
function maxPoolGrad(windowsOf: WindowsOf): Kernel {
  return (call) => {
    const { backend } = call;
    const { graph } = backend;
    const images = input(call, 'input');
    const dy = input(call, 'dy');
    const windows = windowsOf(call, images.shape, dy.shape);
    expectInside(windows);
    const order = imagesChannelsFirst(windows.axes.length);
    const pooled = outputShape(windows);
    const [, places] = graph.multiNode(
      'MaxPool',
      [arrange(backend, images, order)],
      [
        { dtype: 'float32', shape: pooled },
        { dtype: 'int64', shape: pooled },
      ],
      windowAttributes(windows),
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
    const overlapping = windows.axes.some((axis) => axis.stride < axis.size);
    const sums = graph.node(
      'ScatterElements',
      [
        backend.stored(backend.filled([size], 'float32', 0)),
        flat(places),
        flat(arrange(backend, dy, order)),
      ],
      'float32',
      [size],
      { axis: 0, reduction: overlapping ? 'add' : 'none' },
    );
    const shape = inputShape(windows);
    return backend.symbol(
      graph.node('Reshape', [sums, graph.int64(shape)], 'float32', shape),
      order,
    );
  };
}

/** tfjs divides every window's gradient by its full size, so it is a depthwise transposed convolution with a constant. */
function avgPoolGrad(windowsOf: WindowsOf): Kernel {
  return (call) => {
    const { backend } = call;
    const { graph } = backend;
    const dy = input(call, 'dy');
    const windows = windowsOf(call, input(call, 'input').shape, dy.shape);
    const order = imagesChannelsFirst(windows.axes.length);
    const window = windows.axes.map(({ size }) => size);
    const size = sizeOf(window);
    const share = new Float32Array(windows.inputs * size).fill(1 / size);
    const result = graph.node(
      'ConvTranspose',
      [
        arrange(backend, dy, order),
        graph.constant('float32', [windows.inputs, 1, ...window], share),
      ],
      'float32',
      inputShape(windows),
      {
        ...windowAttributes(windows),
        group: windows.inputs,
        output_padding: behindWindows(windows),
      },
    );
    return backend.symbol(result, order);
  };
}

export const poolingKernels: KernelTable = {
  AvgPool: pool('AveragePool', planes),
  AvgPool3D: pool('AveragePool', volumes),
  AvgPool3DGrad: avgPoolGrad(volumes),
  AvgPoolGrad: avgPoolGrad(planes),
  MaxPool: pool('MaxPool', planes),
  MaxPool3D: pool('MaxPool', volumes),
  MaxPool3DGrad: maxPoolGrad(volumes),
  MaxPoolGrad: maxPoolGrad(planes),
};
