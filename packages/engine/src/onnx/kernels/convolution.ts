import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { filtersAsOihw, imagesAsNchw } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { cut } from './shape.js';

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

function padsOf({ padInfo: { top, left, bottom, right } }: Geometry): number[] {
  return [top, left, bottom, right];
}

const conv2d: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const filter = input(call, 'filter');
  const g = geometryOf(call, x.shape, filter.shape);
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
      pads: padsOf(g),
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
  const dy = arrange(backend, input(call, 'dy'), imagesAsNchw);
  const filter = input(call, 'filter');
  const { inputShape } = attributes(call) as { inputShape: number[] };
  const g = geometryOf(call, inputShape, filter.shape);
  const [height, width] = [g.filterHeight, g.filterWidth];
  const { top, left, bottom, right } = g.padInfo;
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
  const span = (
    out: number,
    stride: number,
    size: number,
    dilation: number,
  ): number => (out - 1) * stride + (size - 1) * dilation + 1;
  const result = graph.node(
    'ConvTranspose',
    [dy, arrange(backend, filter, filtersAsOihw)],
    'float32',
    shape,
    {
      kernel_shape: [height, width],
      pads: [top, left, bottom, right],
      strides: [g.strideHeight, g.strideWidth],
      dilations: [g.dilationHeight, g.dilationWidth],
      output_padding: [
        g.inHeight +
          top +
          bottom -
          span(g.outHeight, g.strideHeight, height, g.dilationHeight),
        g.inWidth +
          left +
          right -
          span(g.outWidth, g.strideWidth, width, g.dilationWidth),
      ],
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

/** Filters [H, W, I, O] as [I, O, H, W], turned by half a turn. */
function halfTurn(backend: TraceBackend, filter: TensorInfo): GraphValue {
  const { graph } = backend;
  const value = arrange(backend, filter, [2, 3, 0, 1]);
  const [, , height = 1, width = 1] = value.shape;
  if (height === 1 && width === 1) return value;
  const [last, first] = [
    graph.int64([-1, -1]),
    graph.int64([-(2 ** 31), -(2 ** 31)]),
  ];
  return graph.node(
    'Slice',
    [value, last, first, graph.int64([2, 3]), last],
    'float32',
    value.shape,
  );
}

/**
 * The gradient with respect to the filters: every filter element's inputs side by side as the rows of one matrix, times
 * the output's gradient. Channels come first, so that both matrices are plain views.
 */
const conv2dBackpropFilter: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const dy = input(call, 'dy');
  const { filterShape } = attributes(call) as { filterShape: number[] };
  const g = geometryOf(call, x.shape, filterShape);
  const images = padded(backend, channelsFirst(backend, x), g);
  const columns: GraphValue[] = [];
  for (let row = 0; row < g.filterHeight; row++) {
    for (let column = 0; column < g.filterWidth; column++) {
      const start = [0, 0, row * g.dilationHeight, column * g.dilationWidth];
      columns.push(
        cut(
          backend,
          images,
          start,
          [
            g.inChannels,
            g.batchSize,
            (start[2] ?? 0) + (g.outHeight - 1) * g.strideHeight + 1,
            (start[3] ?? 0) + (g.outWidth - 1) * g.strideWidth + 1,
          ],
          [1, 1, g.strideHeight, g.strideWidth],
        ),
      );
    }
  }
  const rows = g.filterHeight * g.filterWidth * g.inChannels;
  const places = g.batchSize * g.outHeight * g.outWidth;
  const [first] = columns;
  const stacked =
    columns.length === 1 && first !== undefined
      ? first
      : graph.node(
          'Concat',
          columns,
          'float32',
          [rows, g.batchSize, g.outHeight, g.outWidth],
          { axis: 0 },
        );
  const left = graph.node(
    'Reshape',
    [stacked, graph.int64([rows, places])],
    'float32',
    [rows, places],
  );
  const right = graph.node(
    'Reshape',
    [channelsFirst(backend, dy), graph.int64([g.outChannels, places])],
    'float32',
    [g.outChannels, places],
  );
  const product = graph.node(
    'Gemm',
    [right, left],
    'float32',
    [g.outChannels, rows],
    { transB: 1 },
  );
  const stored = [g.outChannels, g.filterHeight, g.filterWidth, g.inChannels];
  // Stored [O, H, W, I], seen as [H, W, I, O].
  return backend.symbol(
    graph.node('Reshape', [product, graph.int64(stored)], 'float32', stored),
    [1, 2, 3, 0],
  );
};

/** Images [B, H, W, C] stored as [C, B, H, W]. */
function channelsFirst(backend: TraceBackend, images: TensorInfo): GraphValue {
  return arrange(backend, images, [1, 2, 3, 0]);
}

/** [C, B, H, W] with zeros around, as far as the filter reaches; rows that no filter reaches are cut by `cut`. */
function padded(
  { graph }: TraceBackend,
  images: GraphValue,
  g: Geometry,
): GraphValue {
  const { top, left, bottom, right } = g.padInfo;
  if (top + left + bottom + right === 0) return images;
  const shape = [
    g.inChannels,
    g.batchSize,
    g.inHeight + top + bottom,
    g.inWidth + left + right,
  ];
  const pads = graph.int64([0, 0, top, left, 0, 0, bottom, right]);
  return graph.node('Pad', [images, pads], 'float32', shape);
}

export const convolutionKernels: KernelTable = {
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv2dBackpropFilter,
  Conv2DBackpropInput: conv2dBackpropInput,
};
