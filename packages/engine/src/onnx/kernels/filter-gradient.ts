import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import type { TraceBackend } from '../trace-backend.js';
import { cut } from './cut.js';
import { coveringPads } from './window.js';

type Geometry = backend_util.Conv2DInfo;

/** From so many output places on, one product for each filter element is faster than copying all their inputs together. */
const manyPlaces = 4096;

/**
 * The gradient of a convolution with respect to its filters. For each element of the filter it is the product of the
 * output's gradient [O, places] with the inputs which that element meets, [I, places]. With channels first, both are plain
 * views of the (padded, shifted) images.
 *
 * @returns stored [O, H, W, I]
 */
export function filterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  g: Geometry,
): GraphValue {
  const { graph } = backend;
  const places = g.batchSize * g.outHeight * g.outWidth;
  const slopes = graph.node(
    'Reshape',
    [channelsFirst(backend, dy), graph.int64([g.outChannels, places])],
    'float32',
    [g.outChannels, places],
  );
  const inputs = inputsOfElements(backend, channelsFirst(backend, x), g);
  const stored = [g.outChannels, g.filterHeight, g.filterWidth, g.inChannels];
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) {
    return backend.graph.reshape(product(backend, slopes, only, g), stored);
  }
  if (places >= manyPlaces) {
    const products = inputs.map((input) =>
      backend.graph.reshape(product(backend, slopes, input, g), [
        g.outChannels,
        1,
        g.inChannels,
      ]),
    );
    const elements = inputs.length;
    const together = graph.node(
      'Concat',
      products,
      'float32',
      [g.outChannels, elements, g.inChannels],
      { axis: 1 },
    );
    return backend.graph.reshape(together, stored);
  }
  const rows = inputs.length * g.inChannels;
  const columns = graph.node(
    'Concat',
    inputs,
    'float32',
    [rows, g.batchSize, g.outHeight, g.outWidth],
    { axis: 0 },
  );
  return backend.graph.reshape(product(backend, slopes, columns, g), stored);
}

/** slopes · inputsᵀ: [O, places] times [rows, …places]. */
function product(
  backend: TraceBackend,
  slopes: GraphValue,
  inputs: GraphValue,
  { outChannels }: Geometry,
): GraphValue {
  const [rows = 1] = inputs.shape;
  const matrix = backend.graph.reshape(inputs, [rows, slopes.shape[1] ?? 1]);
  return backend.graph.node(
    'Gemm',
    [slopes, matrix],
    'float32',
    [outChannels, rows],
    { transB: 1 },
  );
}

/** The inputs that each filter element meets, each [I, B, out height, out width], row by row of the filter. */
function inputsOfElements(
  backend: TraceBackend,
  images: GraphValue,
  g: Geometry,
): GraphValue[] {
  const padded = withPadding(backend, images, g);
  return Array.from(
    { length: g.filterHeight * g.filterWidth },
    (_, element) => {
      const top = Math.floor(element / g.filterWidth) * g.dilationHeight;
      const left = (element % g.filterWidth) * g.dilationWidth;
      return cut(
        backend,
        padded,
        [0, 0, top, left],
        [
          g.inChannels,
          g.batchSize,
          top + (g.outHeight - 1) * g.strideHeight + 1,
          left + (g.outWidth - 1) * g.strideWidth + 1,
        ],
        [1, 1, g.strideHeight, g.strideWidth],
      );
    },
  );
}

/** Images [B, H, W, C] stored as [C, B, H, W]. */
function channelsFirst(backend: TraceBackend, images: TensorInfo): GraphValue {
  return arrange(backend, images, [1, 2, 3, 0]);
}

/** [C, B, H, W] with zeros around; rows that no filter reaches are left out by `cut`. */
function withPadding(
  { graph }: TraceBackend,
  images: GraphValue,
  g: Geometry,
): GraphValue {
  const [top, left, bottom, right] = coveringPads(g);
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
