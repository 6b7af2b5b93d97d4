import { sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import { reach, type Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import {
  filtersInputsFirst,
  filtersOutputsFirst,
  imagesChannelsFirst,
  imagesPlacesFirst,
} from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import {
  type ConvolutionGeometry,
  type GeometryOf,
  planarConvolution,
  volumetricConvolution,
} from './convolution-geometry.js';
import { filterGradient } from './filter-gradient.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import {
  behindWindows,
  inputShape,
  outputShape,
  windowAttributes,
} from './window.js';

function fastFormOf(
  { plain }: TraceBackend,
  { fast }: ConvolutionGeometry,
): ConvolutionGeometry['fast'] {
  return plain ? undefined : fast;
}

const dilationsOf = ({ axes }: Windows): number[] =>
  axes.map(({ dilation }) => dilation);

function forward(geometryOf: GeometryOf): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const filter = input(call, 'filter');
    const geometry = geometryOf(call, x.shape, filter.shape);
    const { windows } = geometry;
    const axes = windows.axes.length;
    const fast = fastFormOf(backend, geometry);
    if (fast !== undefined) {
      return backend.symbol(
        fast.forward(backend, x, filter),
        imagesPlacesFirst(axes),
      );
    }
    const order = imagesChannelsFirst(axes);
    const result = backend.graph.node(
      'Conv',
      [
        arrange(backend, x, order),
        arrange(backend, filter, filtersOutputsFirst(axes)),
      ],
      'float32',
      outputShape(windows),
      { ...windowAttributes(windows), dilations: dilationsOf(windows) },
    );
    return backend.symbol(result, order);
  };
}

/** The gradient with respect to the images: with stride 1 a convolution with the filters turned by half a turn. */
function inputGradient(geometryOf: GeometryOf): Kernel {
  return (call) => {
    const { backend } = call;
    const { graph } = backend;
    const filter = input(call, 'filter');
    const dy = input(call, 'dy');
    const { inputShape: images } = attributes(call) as { inputShape: number[] };
    const geometry = geometryOf(call, images, filter.shape);
    const { windows } = geometry;
    const axes = windows.axes.length;
    const fast = fastFormOf(backend, geometry);
    if (fast !== undefined) {
      return backend.symbol(
        fast.inputGradient(backend, dy, filter),
        imagesPlacesFirst(axes),
      );
    }
    const order = imagesChannelsFirst(axes);
    const slopes = arrange(backend, dy, order);
    const shape = inputShape(windows);
    const kernel_shape = windows.axes.map(({ size }) => size);
    const pads = [
      ...windows.axes.map((axis) => reach(axis) - 1 - axis.before),
      ...windows.axes.map((axis) => reach(axis) - 1 - axis.after),
    ];
    if (
      windows.axes.every(({ stride }) => stride === 1) &&
      pads.every((pad) => pad >= 0)
    ) {
      const result = graph.node(
        'Conv',
        [slopes, halfTurn(backend, filter, axes)],
        'float32',
        shape,
        { kernel_shape, pads, dilations: dilationsOf(windows) },
      );
      return backend.symbol(result, order);
    }
    const result = graph.node(
      'ConvTranspose',
      [slopes, arrange(backend, filter, filtersOutputsFirst(axes))],
      'float32',
      shape,
      {
        ...windowAttributes(windows),
        dilations: dilationsOf(windows),
        output_padding: behindWindows(windows),
      },
    );
    return backend.symbol(result, order);
  };
}

/**
 * Filters […window, I, O] as [I, O, …window], turned by half a turn. Each filter's few elements change their places by a
 * product with a matrix of ones and zeros, which is exact, and many times faster than moving elements one by one.
 */
function halfTurn(
  backend: TraceBackend,
  filter: TensorInfo,
  axes: number,
): GraphValue {
  const { graph } = backend;
  const value = arrange(backend, filter, filtersInputsFirst(axes));
  const size = sizeOf(value.shape.slice(2));
  if (size === 1) return value;
  const turn = new Float32Array(size * size);
  for (let i = 0; i < size; i++) turn[i * size + size - 1 - i] = 1;
  const rows = [sizeOf(value.shape.slice(0, 2)), size];
  const flat = graph.node(
    'Reshape',
    [value, graph.int64(rows)],
    'float32',
    rows,
  );
  const matrix = graph.constant('float32', [size, size], turn);
  const turned = graph.node('Gemm', [flat, matrix], 'float32', rows);
  return graph.node(
    'Reshape',
    [turned, graph.int64(value.shape)],
    'float32',
    value.shape,
  );
}

function filtersGradient(geometryOf: GeometryOf): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    const dy = input(call, 'dy');
    const { filterShape } = attributes(call) as { filterShape: number[] };
    const geometry = geometryOf(call, x.shape, filterShape);
    const { windows } = geometry;
    const axes = windows.axes.length;
    const fast = fastFormOf(backend, geometry);
    if (fast !== undefined) {
      return backend.symbol(
        fast.filterGradient(backend, x, dy),
        filtersOutputsFirst(axes),
      );
    }
    return filterGradient(backend, x, dy, windows);
  };
}

export const convolutionKernels: KernelTable = {
  Conv2D: forward(planarConvolution),
  Conv2DBackpropFilter: filtersGradient(planarConvolution),
  Conv2DBackpropInput: inputGradient(planarConvolution),
  Conv3D: forward(volumetricConvolution),
  Conv3DBackpropFilterV2: filtersGradient(volumetricConvolution),
  Conv3DBackpropInputV2: inputGradient(volumetricConvolution),
};
