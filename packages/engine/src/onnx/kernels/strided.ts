import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { filtersAsOihw } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import { cut } from './cut.js';
import { inputsOfElements, placesOf, range, shifts } from './strided-views.js';
import { imagesAsHwbc } from './winograd-tiles.js';

/*
 * Convolutions with strides, on images stored as [H, W, B, C] as Winograd's are, so that nothing is transposed between
 * them. Each element k of the filter is one product: with the inputs that it meets, x(k) [places, C],
 *
 *     y = Σ x(k)·w(k)ᵀ     dw(k) = dyᵀ·x(k)
 *
 * and each pixel of dx is a sum of dy·w(k) over the few elements that reach it, which are the same for all pixels whose
 * rows and columns leave the same remainder by the stride. To cut out of such images is to copy whole blocks.
 */

type Geometry = backend_util.Conv2DInfo;

/** With fewer channels the products are too thin, and the blocks to copy too short. */
const fewestChannels = 16;

/** Whether a convolution is of the right form, and of a size for which this is faster. */
export function stridedFits(g: Geometry): boolean {
  return (
    g.strideHeight * g.strideWidth > 1 &&
    g.inHeight % g.strideHeight === 0 &&
    g.inWidth % g.strideWidth === 0 &&
    g.dilationHeight === 1 &&
    g.dilationWidth === 1 &&
    Math.min(g.inChannels, g.outChannels) >= fewestChannels
  );
}

/** @returns y, stored `imagesAsHwbc` */
export function stridedForward(
  backend: TraceBackend,
  x: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const inputs = inputsOfElements(backend, x, g);
  const matrices = elementsOf(backend, filter, g);
  const y = sumOfProducts(
    backend,
    inputs.map((input, k) => [input, matrices[k] as GraphValue]),
    { transB: 1 },
    [placesOf(g), g.outChannels],
  );
  return backend.graph.reshape(y, imageShape(g));
}

/** @returns dx, stored `imagesAsHwbc` */
export function stridedInputGradient(
  backend: TraceBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const { graph } = backend;
  const matrices = elementsOf(backend, filter, g);
  const shifted = shifts(backend, arrange(backend, dy, imagesAsHwbc), g);
  const [height, width] = [
    g.inHeight / g.strideHeight,
    g.inWidth / g.strideWidth,
  ];
  const block = g.batchSize * g.inChannels;
  // [H / stride, W / stride · B · C] for each remainder, then rows and columns put in turn.
  const rows = range(g.strideHeight).map((down) => {
    const columns = range(g.strideWidth).map((across) => {
      const products = range(g.filterHeight * g.filterWidth).flatMap(
        (k): [GraphValue, GraphValue][] => {
          const image = shifted(
            down - Math.floor(k / g.filterWidth),
            across - (k % g.filterWidth),
          );
          return image === undefined
            ? []
            : [[image, matrices[k] as GraphValue]];
        },
      );
      const shape = [height * width * g.batchSize, g.inChannels];
      const pixels =
        products.length === 0
          ? graph.node(
              'Expand',
              [graph.scalar(0, 'float32'), graph.int64(shape)],
              'float32',
              shape,
            )
          : sumOfProducts(backend, products, {}, shape);
      return graph.reshape(pixels, [height, width, 1, block]);
    });
    const row = concat(backend, columns, 2);
    return graph.reshape(row, [height, 1, g.inWidth * block]);
  });
  return graph.reshape(concat(backend, rows, 1), [
    g.inHeight,
    g.inWidth,
    g.batchSize,
    g.inChannels,
  ]);
}

/** @returns dw, stored `filtersAsOihw` */
export function stridedFilterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  g: Geometry,
): GraphValue {
  const { graph } = backend;
  const slopes = graph.reshape(arrange(backend, dy, imagesAsHwbc), [
    placesOf(g),
    g.outChannels,
  ]);
  const shape = [g.outChannels, g.inChannels];
  const products = inputsOfElements(backend, x, g).map((input) =>
    graph.reshape(
      graph.node('Gemm', [slopes, input], 'float32', shape, { transA: 1 }),
      [1, g.outChannels * g.inChannels],
    ),
  );
  const size = products.length;
  const flat = graph.node(
    'Gemm',
    [concat(backend, products, 0), identityMatrix(backend, size)],
    'float32',
    [g.outChannels * g.inChannels, size],
    { transA: 1 },
  );
  return graph.reshape(flat, [...shape, g.filterHeight, g.filterWidth]);
}

/** The filter's elements as matrices, each [O, I]: moved by a product with ones and zeros, which is exact. */
function elementsOf(
  backend: TraceBackend,
  filter: TensorInfo,
  g: Geometry,
): GraphValue[] {
  const { graph } = backend;
  const size = g.filterHeight * g.filterWidth;
  const filters = g.outChannels * g.inChannels;
  const stored = arrange(backend, filter, filtersAsOihw);
  const elements = graph.node(
    'Gemm',
    [identityMatrix(backend, size), graph.reshape(stored, [filters, size])],
    'float32',
    [size, filters],
    { transB: 1 },
  );
  return range(size).map((k) =>
    graph.reshape(cut(backend, elements, [k, 0], [k + 1, filters], [1, 1]), [
      g.outChannels,
      g.inChannels,
    ]),
  );
}

/** Σ left·right, each product added to those before it as it is made. */
function sumOfProducts(
  { graph }: TraceBackend,
  products: readonly (readonly [left: GraphValue, right: GraphValue])[],
  transposition: { readonly transB?: 1 },
  shape: readonly number[],
): GraphValue {
  return products.reduce<GraphValue | undefined>(
    (sum, [left, right]) =>
      graph.node(
        'Gemm',
        [left, right, ...(sum === undefined ? [] : [sum])],
        'float32',
        shape,
        transposition,
      ),
    undefined,
  ) as GraphValue;
}

function identityMatrix({ graph }: TraceBackend, size: number): GraphValue {
  const ones = new Float32Array(size * size);
  for (let i = 0; i < size; i++) ones[i * size + i] = 1;
  return graph.constant('float32', [size, size], ones);
}

function concat(
  { graph }: TraceBackend,
  values: readonly GraphValue[],
  axis: number,
): GraphValue {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return first;
  const shape = (first?.shape ?? []).map((length, i) =>
    i === axis
      ? values.reduce((sum, { shape: own }) => sum + (own[axis] ?? 0), 0)
      : length,
  );
  return graph.node('Concat', values, 'float32', shape, { axis });
}

function imageShape(g: Geometry): number[] {
  return [g.outHeight, g.outWidth, g.batchSize, g.outChannels];
}
