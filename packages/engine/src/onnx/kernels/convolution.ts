import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { filtersAsOihw, imagesAsNchw } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import { behindWindows, coveringPads } from './window.js';
import { filterGradient } from './filter-gradient.js';
import {
  stridedFilterGradient,
  stridedFits,
  stridedForward,
  stridedInputGradient,
} from './strided.js';
import {
  winogradFilterGradient,
  winogradFits,
  winogradForward,
  winogradInputGradient,
} from './winograd.js';
import { imagesAsHwbc } from './winograd-tiles.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

type Sizes = number | [number, number];

interface ConvolutionAttributes {
  readonly strides: Sizes;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: Sizes;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Geometry = backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

function geometryOf(
  call: Parameters<Kernel>[0],
  imageShape: readonly number[],
  filterShape: readonly number[],
): Geometry {
  const {
    strides,
    pad,
    dataFormat,
    dilations = 1,
    dimRoundingMode,
  } = attributes(call) as ConvolutionAttributes;
  if (dataFormat !== 'NHWC') {
    throw new TraceError(
      `tf.conv2d with dataFormat ${dataFormat} is not traced, only NHWC; transposing costs nothing here`,
    );
  }
  return backend_util.computeConv2DInfo(
    imageShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
}

type Part = (
  backend: TraceBackend,
  first: TensorInfo,
  second: TensorInfo,
  g: Geometry,
) => GraphValue;

/** A way to compute a convolution and its gradients that is faster where it fits. */
interface FastForm {
  readonly fits: (g: Geometry) => boolean;
  /** of x and the filter, stored `imagesAsHwbc` */
  readonly forward: Part;
  /** of dy and the filter, stored `imagesAsHwbc` */
  readonly inputGradient: Part;
  /** of x and dy, stored `filtersAsOihw` */
  readonly filterGradient: Part;
}

const fastForms: readonly FastForm[] = [
  {
    fits: winogradFits,
    forward: winogradForward,
    inputGradient: winogradInputGradient,
    filterGradient: winogradFilterGradient,
  },
  {
    fits: stridedFits,
    forward: stridedForward,
    inputGradient: stridedInputGradient,
    filterGradient: stridedFilterGradient,
  },
];

function fastFormOf(
  { plain }: TraceBackend,
  g: Geometry,
): FastForm | undefined {
  return plain ? undefined : fastForms.find(({ fits }) => fits(g));
}

const conv2d: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const filter = input(call, 'filter');
  const g = geometryOf(call, x.shape, filter.shape);
  const fast = fastFormOf(backend, g);
  if (fast !== undefined) {
    return backend.symbol(fast.forward(backend, x, filter, g), imagesAsHwbc);
  }
  const result = backend.graph.node(
    'Conv',
    [
      arrange(backend, x, imagesAsNchw),
      arrange(backend, filter, filtersAsOihw),
    ],
    'float32',
    [g.batchSize, g.outChannels, g.outHeight, g.outWidth],
    {
      kernel_shape: [g.filterHeight, g.filterWidth],
      pads: coveringPads(g),
      strides: [g.strideHeight, g.strideWidth],
      dilations: [g.dilationHeight, g.dilationWidth],
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

/** The gradient with respect to the images: with stride 1 a convolution with the filters turned by half a turn. */
const conv2dBackpropInput: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const filter = input(call, 'filter');
  const { inputShape } = attributes(call) as { inputShape: number[] };
  const g = geometryOf(call, inputShape, filter.shape);
  const fast = fastFormOf(backend, g);
  if (fast !== undefined) {
    const dx = fast.inputGradient(backend, input(call, 'dy'), filter, g);
    return backend.symbol(dx, imagesAsHwbc);
  }
  const dy = arrange(backend, input(call, 'dy'), imagesAsNchw);
  const [height, width] = [g.filterHeight, g.filterWidth];
  const [top, left, bottom, right] = coveringPads(g);
  const shape = [g.batchSize, g.inChannels, g.inHeight, g.inWidth];
  const reachHeight = (height - 1) * g.dilationHeight;
  const reachWidth = (width - 1) * g.dilationWidth;
  const pads = [
    reachHeight - top,
    reachWidth - left,
    reachHeight - bottom,
    reachWidth - right,
  ];
  if (
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    pads.every((pad) => pad >= 0)
  ) {
    const result = graph.node(
      'Conv',
      [dy, halfTurn(backend, filter)],
      'float32',
      shape,
      {
        kernel_shape: [height, width],
        pads,
        dilations: [g.dilationHeight, g.dilationWidth],
      },
    );
    return backend.symbol(result, imagesAsNchw);
  }
  const result = graph.node(
    'ConvTranspose',
    [dy, arrange(backend, filter, filtersAsOihw)],
    'float32',
    shape,
    {
      kernel_shape: [height, width],
      pads: coveringPads(g),
      strides: [g.strideHeight, g.strideWidth],
      dilations: [g.dilationHeight, g.dilationWidth],
      output_padding: behindWindows(g),
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

/**
 * Filters [H, W, I, O] as [I, O, H, W], turned by half a turn. Each filter's few elements change their places by a product
 * with a matrix of ones and zeros, which is exact, and many times faster than moving elements one by one.
 */
function halfTurn(backend: TraceBackend, filter: TensorInfo): GraphValue {
  const { graph } = backend;
  const value = arrange(backend, filter, [2, 3, 0, 1]);
  const [inputs = 1, outputs = 1, height = 1, width = 1] = value.shape;
  const size = height * width;
  if (size === 1) return value;
  const turn = new Float32Array(size * size);
  for (let i = 0; i < size; i++) turn[i * size + size - 1 - i] = 1;
  const rows = [inputs * outputs, size];
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

const conv2dBackpropFilter: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const dy = input(call, 'dy');
  const { filterShape } = attributes(call) as { filterShape: number[] };
  const g = geometryOf(call, x.shape, filterShape);
  const fast = fastFormOf(backend, g);
  if (fast !== undefined) {
    return backend.symbol(
      fast.filterGradient(backend, x, dy, g),
      filtersAsOihw,
    );
  }
  // Stored [O, H, W, I], seen as [H, W, I, O].
  return backend.symbol(filterGradient(backend, x, dy, g), [1, 2, 3, 0]);
};

export const convolutionKernels: KernelTable = {
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv2dBackpropFilter,
  Conv2DBackpropInput: conv2dBackpropInput,
};
