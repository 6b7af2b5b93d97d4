import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { exactly } from '../../exactly.js';
import { planar } from '../../windows.js';
import type { Attributes, GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesAsNchw, type Order } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { cut } from './cut.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';
import { behindWindows, padsOf, windowAttributes } from './window.js';

type Shape4 = [number, number, number, number];
type Geometry = backend_util.Conv2DInfo;

interface DepthwiseAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dilations?: number | [number, number] | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Filters that the program sees as [H, W, C, M], stored as [C, M, H, W]: channel c has M filters of its own. */
const filtersByChannel: Order = [2, 3, 0, 1];

function geometryOf(
  call: KernelCall,
  imageShape: readonly number[],
  filterShape: readonly number[],
): Geometry {
  const { strides, pad, dilations, dimRoundingMode } = attributes(
    call,
  ) as DepthwiseAttributes;
  return backend_util.computeConv2DInfo(
    imageShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
}

function nodeAttributes(g: Geometry): Attributes {
  return {
    ...windowAttributes(planar(g)),
    dilations: [g.dilationHeight, g.dilationWidth],
    group: g.inChannels,
  };
}

/** Filters as ONNX has them for one group per channel: [C·M, 1, H, W]. */
function grouped(
  backend: TraceBackend,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const shape = [g.outChannels, 1, g.filterHeight, g.filterWidth];
  return backend.graph.reshape(
    arrange(backend, filter, filtersByChannel),
    shape,
  );
}

const depthwise: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const filter = input(call, 'filter');
  const g = geometryOf(call, x.shape, filter.shape);
  const operands = [
    arrange(backend, x, imagesAsNchw),
    grouped(backend, filter, g),
  ];
  const shape = [g.batchSize, g.outChannels, g.outHeight, g.outWidth];
  return backend.symbol(
    backend.graph.node('Conv', operands, 'float32', shape, nodeAttributes(g)),
    imagesAsNchw,
  );
};

const backpropInput: Kernel = (call) => {
  const { backend } = call;
  const filter = input(call, 'filter');
  const { inputShape } = attributes(call) as { inputShape: number[] };
  const g = geometryOf(call, inputShape, filter.shape);
  const operands = [
    arrange(backend, input(call, 'dy'), imagesAsNchw),
    grouped(backend, filter, g),
  ];
  const shape = [g.batchSize, g.inChannels, g.inHeight, g.inWidth];
  const result = backend.graph.node(
    'ConvTranspose',
    operands,
    'float32',
    shape,
    {
      ...nodeAttributes(g),
      output_padding: behindWindows(planar(g)),
    },
  );
  return backend.symbol(result, imagesAsNchw);
};

/** For every channel one product: the inputs of each filter element as rows, times the gradients of its M outputs. */
const backpropFilter: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { filterShape } = attributes(call) as { filterShape: number[] };
  const g = geometryOf(call, x.shape, filterShape);
  const [top, left, bottom, right] = exactly(padsOf(planar(g)), 4);
  const channels = arrange(backend, x, [1, 2, 3, 0]);
  const padded = graph.node(
    'Pad',
    [channels, graph.int64([0, 0, top, left, 0, 0, bottom, right])],
    'float32',
    [
      g.inChannels,
      g.batchSize,
      g.inHeight + top + bottom,
      g.inWidth + left + right,
    ],
  );
  const places = g.batchSize * g.outHeight * g.outWidth;
  const rows: GraphValue[] = [];
  for (let row = 0; row < g.filterHeight; row++) {
    for (let column = 0; column < g.filterWidth; column++) {
      const [y, x0] = [row * g.dilationHeight, column * g.dilationWidth];
      const window = cut(
        backend,
        padded,
        [0, 0, y, x0],
        [
          g.inChannels,
          g.batchSize,
          y + (g.outHeight - 1) * g.strideHeight + 1,
          x0 + (g.outWidth - 1) * g.strideWidth + 1,
        ],
        [1, 1, g.strideHeight, g.strideWidth],
      );
      rows.push(backend.graph.reshape(window, [g.inChannels, 1, places]));
    }
  }
  const inputs = [g.inChannels, rows.length, places];
  const multiplier = g.outChannels / g.inChannels;
  const gradients = backend.graph.reshape(
    arrange(backend, input(call, 'dy'), [1, 2, 3, 0]),
    [g.inChannels, multiplier, places],
  );
  const columns = graph.node(
    'Transpose',
    [gradients],
    'float32',
    [g.inChannels, places, multiplier],
    { perm: [0, 2, 1] },
  );
  const product = graph.node(
    'MatMul',
    [graph.node('Concat', rows, 'float32', inputs, { axis: 1 }), columns],
    'float32',
    [g.inChannels, rows.length, multiplier],
  );
  const stored = [g.inChannels, g.filterHeight, g.filterWidth, multiplier];
  // Stored [C, H, W, M], seen as [H, W, C, M].
  return backend.symbol(backend.graph.reshape(product, stored), [1, 2, 0, 3]);
};

export const depthwiseKernels = {
  DepthwiseConv2dNative: depthwise,
  DepthwiseConv2dNativeBackpropFilter: backpropFilter,
  DepthwiseConv2dNativeBackpropInput: backpropInput,
} satisfies KernelTable;
