import { at } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import { exactly } from '../../exactly.js';
import type { GraphType, GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesAsNchw } from '../symbols/layout.js';
import { castTensor } from './cast.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';

/** How a place in the result is found in the source, see `tf.image.resizeBilinear`. */
interface Sampling {
  readonly alignCorners?: boolean;
  readonly halfPixelCenters?: boolean;
}

/** An operand that a node leaves out. */
const absent: GraphValue = { name: '', dtype: 'float32', shape: [0] };

/** The distance in the source between neighbours of the result. */
function ratio(from: number, to: number, aligned: boolean): number {
  return aligned && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** For every row of the result, the rows of the source and their weights: [to, from], row-major. */
function linearWeights(
  from: number,
  to: number,
  { alignCorners = false, halfPixelCenters = false }: Sampling,
): Float32Array {
  const weights = new Float32Array(to * from);
  const scale = ratio(from, to, alignCorners);
  for (let row = 0; row < to; row++) {
    const place = halfPixelCenters ? scale * (row + 0.5) - 0.5 : scale * row;
    const inside = Math.min(Math.max(place, 0), from - 1);
    const low = Math.floor(inside);
    const high = Math.min(low + 1, from - 1);
    const share = inside - low;
    weights[row * from + low] = 1 - share;
    // At the last row there is no next one, and no share of it.
    if (high !== low) weights[row * from + high] = share;
  }
  return weights;
}

/** For every row of the result, the nearest row of the source. */
function nearestRows(
  from: number,
  to: number,
  { alignCorners = false, halfPixelCenters = false }: Sampling,
): number[] {
  const scale = ratio(from, to, alignCorners);
  return Array.from({ length: to }, (_, row) => {
    const place = scale * (halfPixelCenters ? row + 0.5 : row);
    const near = alignCorners ? Math.round(place) : Math.floor(place);
    return Math.max(0, Math.min(from - 1, near));
  });
}

function nearestWeights(
  from: number,
  to: number,
  sampling: Sampling,
): Float32Array {
  const weights = new Float32Array(to * from);
  nearestRows(from, to, sampling).forEach(
    (source, row) => (weights[row * from + source] = 1),
  );
  return weights;
}

const resizeBilinear: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const images = castTensor(backend, input(call, 'images'), 'float32');
  const { size, alignCorners, halfPixelCenters } = attributes(
    call,
  ) as Sampling & { size: [number, number] };
  const [batch, height, width, channels] = exactly(images.shape, 4);
  const reshape = (value: GraphValue, to: readonly number[]): GraphValue =>
    graph.node('Reshape', [value, graph.int64(to)], 'float32', to);
  // One channel each: ONNX Runtime moves a transposition across `Resize`, where it then refuses to resize other axes.
  const value = reshape(arrange(backend, images, imagesAsNchw), [
    batch * channels,
    1,
    height,
    width,
  ]);
  const shape = [batch * channels, 1, ...size];
  const resized = graph.node(
    'Resize',
    [value, absent, absent, graph.int64(shape)],
    'float32',
    shape,
    {
      mode: 'linear',
      coordinate_transformation_mode:
        halfPixelCenters === true
          ? 'half_pixel'
          : alignCorners === true
            ? 'align_corners'
            : 'asymmetric',
    },
  );
  return backend.symbol(
    reshape(resized, [batch, channels, ...size]),
    imagesAsNchw,
  );
};

const resizeNearest: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const images = input(call, 'images');
  const { size, ...sampling } = attributes(call) as Sampling & {
    size: [number, number];
  };
  const order = backend.orderOf(images);
  let value = backend.stored(images);
  size.forEach((to, i) => {
    const axis = at(order, i + 1);
    const from = at(value.shape, axis);
    const shape = value.shape.map((n, other) => (other === axis ? to : n));
    const rows = graph.int64(nearestRows(from, to, sampling));
    value = graph.node(
      'Gather',
      [value, rows],
      images.dtype as GraphType,
      shape,
      { axis },
    );
  });
  return backend.symbol(value, order);
};

/** Both resizings are linear, rows apart from columns: the gradient is Rᵀ · dy · C for the weights R and C of both. */
function gradient(
  weights: (from: number, to: number, sampling: Sampling) => Float32Array,
): Kernel {
  return (call: KernelCall): TensorInfo => {
    const { backend } = call;
    const { graph } = backend;
    const [, height, width] = exactly(input(call, 'images').shape, 4);
    const dy = arrange(backend, input(call, 'dy'), imagesAsNchw);
    const [batch, channels, rows, columns] = exactly(dy.shape, 4);
    const sampling = attributes(call) as Sampling;
    const across = graph.constant(
      'float32',
      [columns, width],
      weights(width, columns, sampling),
    );
    const down = graph.constant(
      'float32',
      [height, rows],
      transposedMatrix(weights(height, rows, sampling), rows, height),
    );
    const narrowed = graph.node('MatMul', [dy, across], 'float32', [
      batch,
      channels,
      rows,
      width,
    ]);
    const shape = [batch, channels, height, width];
    return backend.symbol(
      graph.node('MatMul', [down, narrowed], 'float32', shape),
      imagesAsNchw,
    );
  };
}

function transposedMatrix(
  matrix: Float32Array,
  rows: number,
  columns: number,
): Float32Array {
  const turned = new Float32Array(matrix.length);
  matrix.forEach((element, i) => {
    turned[(i % columns) * rows + Math.floor(i / columns)] = element;
  });
  return turned;
}

export const resizeKernels: KernelTable = {
  ResizeBilinear: resizeBilinear,
  ResizeBilinearGrad: gradient(linearWeights),
  ResizeNearestNeighbor: resizeNearest,
  ResizeNearestNeighborGrad: gradient(nearestWeights),
};
