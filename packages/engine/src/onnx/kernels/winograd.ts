import { at } from '@clip-lung/tensor';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { exactly } from '../../exactly.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { filtersAsOihw } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { rowSum } from './row-sum.js';
import {
  filterMatrix,
  matricesFor,
  tileForm,
  tilesFit,
  toImages,
  toTiles,
} from './winograd-tiles.js';

/*
 * 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3), 36 multiplications for 16 outputs instead of 144, or by
 * F(2×2, 3×3), 16 for 4 instead of 36.
 *
 *     V = Bᵀ·x·B for each n×n tile of the input     U = G·w·Gᵀ for each filter
 *     M = V·Uᵀ, a product over channels a point     y = Aᵀ·M·A for each m×m tile of the output
 *
 * The gradients are the adjoint of the same chain and share its parts: with E = A·dy·Aᵀ of each tile,
 * dx = B·(E·U)·Bᵀ, put together where tiles overlap, and dw = Gᵀ·(Eᵀ·V)·G.
 *
 * Lavin & Gray, Fast Algorithms for Convolutional Neural Networks (arXiv 1509.09308), §4.
 */

type Geometry = backend_util.Conv2DInfo;

/** With fewer, the transforms cost more than the products save. */
const fewestChannels = 16;
/** The transforms' matrices grow with the image, and with them the zeros that they are multiplied with in vain. */
const mostPixels = 1024;

/** Whether a convolution is of the right form, and of a size for which this is faster. */
export function winogradFits(g: Geometry): boolean {
  const { top, left, bottom, right } = g.padInfo;
  const ones = [
    g.strideHeight,
    g.strideWidth,
    g.dilationHeight,
    g.dilationWidth,
    top,
    left,
    bottom,
    right,
  ];
  return (
    g.filterHeight === 3 &&
    g.filterWidth === 3 &&
    ones.every((one) => one === 1) &&
    g.inHeight * g.inWidth <= mostPixels &&
    Math.min(g.inChannels, g.outChannels) >= fewestChannels &&
    tilesFit(g)
  );
}

/** @returns y, stored `imagesAsHwbc` */
export function winogradForward(
  backend: TraceBackend,
  x: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const v = toTiles(backend, 'input', x, g);
  const u = swapLast(backend, transformedFilter(backend, filter, g));
  return toImages(backend, 'output', matMul(backend, v, u), g);
}

/** @returns dx, stored `imagesAsHwbc` */
export function winogradInputGradient(
  backend: TraceBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const e = toTiles(backend, 'output', dy, g);
  const u = transformedFilter(backend, filter, g);
  return toImages(backend, 'input', matMul(backend, e, u), g);
}

/** @returns dw, stored `filtersAsOihw` */
export function winogradFilterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  g: Geometry,
): GraphValue {
  const { graph } = backend;
  const e = toTiles(backend, 'output', dy, g);
  const v = toTiles(backend, 'input', x, g);
  const products = matMul(backend, swapLast(backend, e), v);
  const tileRows = at(products.shape, 0);
  const s = tileRows === 1 ? products : rowSum(graph, products, tileRows);
  const filters = g.outChannels * g.inChannels;
  const flat = backend.graph.reshape(s, [matricesFor(g).points ** 2, filters]);
  const dw = graph.node(
    'Gemm',
    [flat, filterMatrix(backend, matricesFor(g))],
    'float32',
    [filters, 9],
    { transA: 1 },
  );
  return backend.graph.reshape(dw, [g.outChannels, g.inChannels, 3, 3]);
}

/** U, [points, O, C]. */
function transformedFilter(
  backend: TraceBackend,
  filter: TensorInfo,
  g: Geometry,
): GraphValue {
  const filters = g.outChannels * g.inChannels;
  const stored = arrange(backend, filter, filtersAsOihw);
  const matrices = matricesFor(g);
  const u = backend.graph.node(
    'Gemm',
    [
      filterMatrix(backend, matrices),
      backend.graph.reshape(stored, [filters, 9]),
    ],
    'float32',
    [matrices.points ** 2, filters],
    { transB: 1 },
  );
  const { filterPoints } = tileForm(g);
  return backend.graph.reshape(u, [
    ...filterPoints,
    g.outChannels,
    g.inChannels,
  ]);
}

/** The last two axes swapped; ONNX Runtime merges it into the product that follows. */
function swapLast({ graph }: TraceBackend, value: GraphValue): GraphValue {
  const [a, b, c, rows, columns] = exactly(value.shape, 5);
  return graph.node('Transpose', [value], 'float32', [a, b, c, columns, rows], {
    perm: [0, 1, 2, 4, 3],
  });
}

/** A product for every point; those of the filters are the same for every row of tiles. */
function matMul(
  { graph }: TraceBackend,
  left: GraphValue,
  right: GraphValue,
): GraphValue {
  const shape = [
    ...left.shape.slice(0, 4),
    at(right.shape, right.shape.length - 1),
  ];
  return graph.node('MatMul', [left, right], 'float32', shape);
}
