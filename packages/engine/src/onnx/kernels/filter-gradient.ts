import { sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Windows } from '../../windows.js';
import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import { imagesChannelsOutside } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import { cut } from './cut.js';
import { elementsOf } from './window.js';

/** From so many output places on, one product for each filter element is faster than copying all their inputs together. */
const manyPlaces = 4096;

/**
 * The gradient of a convolution with respect to its filters. For each element of the filter it is the product of the
 * output's gradient [O, places] with the inputs which that element meets, [I, places]. With channels first, both are plain
 * views of the (padded, shifted) images.
 *
 * @returns stored [O, …window, I]
 */
export function filterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  w: Windows,
): GraphValue {
  const { graph } = backend;
  const order = imagesChannelsOutside(w.axes.length);
  const out = w.axes.map(({ places }) => places);
  const places = w.batch * sizeOf(out);
  const slopes = graph.node(
    'Reshape',
    [arrange(backend, dy, order), graph.int64([w.outputs, places])],
    'float32',
    [w.outputs, places],
  );
  const inputs = inputsOfElements(backend, arrange(backend, x, order), w);
  const stored = [w.outputs, ...w.axes.map(({ size }) => size), w.inputs];
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) {
    return graph.reshape(product(backend, slopes, only), stored);
  }
  if (places >= manyPlaces) {
    const products = inputs.map((input) =>
      graph.reshape(product(backend, slopes, input), [w.outputs, 1, w.inputs]),
    );
    const elements = inputs.length;
    const together = graph.node(
      'Concat',
      products,
      'float32',
      [w.outputs, elements, w.inputs],
      { axis: 1 },
    );
    return graph.reshape(together, stored);
  }
  const columns = graph.node(
    'Concat',
    inputs,
    'float32',
    [inputs.length * w.inputs, w.batch, ...out],
    { axis: 0 },
  );
  return graph.reshape(product(backend, slopes, columns), stored);
}

/** slopes · inputsᵀ: [O, places] times [rows, …places]. */
function product(
  { graph }: TraceBackend,
  slopes: GraphValue,
  inputs: GraphValue,
): GraphValue {
  const [outputs = 1, places = 1] = slopes.shape;
  const [rows = 1] = inputs.shape;
  const matrix = graph.reshape(inputs, [rows, places]);
  return graph.node('Gemm', [slopes, matrix], 'float32', [outputs, rows], {
    transB: 1,
  });
}

/** The inputs that each filter element meets, each [I, B, …places], in the order of the filter's elements. */
function inputsOfElements(
  backend: TraceBackend,
  images: GraphValue,
  w: Windows,
): GraphValue[] {
  const padded = withPadding(backend, images, w);
  return elementsOf(w).map((element) => {
    const starts = element.map((i, axis) => i * (w.axes[axis]?.dilation ?? 1));
    const ends = w.axes.map(
      ({ places, stride }, axis) =>
        (starts[axis] ?? 0) + (places - 1) * stride + 1,
    );
    return cut(
      backend,
      padded,
      [0, 0, ...starts],
      [w.inputs, w.batch, ...ends],
      [1, 1, ...w.axes.map(({ stride }) => stride)],
    );
  });
}

/** [C, B, …places] with zeros around; rows that no filter reaches are left out by `cut`. */
function withPadding(
  { graph }: TraceBackend,
  images: GraphValue,
  { inputs, batch, axes }: Windows,
): GraphValue {
  if (axes.every(({ before, after }) => before + after === 0)) return images;
  const pads = graph.int64([
    ...[0, 0, ...axes.map(({ before }) => before)],
    ...[0, 0, ...axes.map(({ after }) => after)],
  ]);
  return graph.node('Pad', [images, pads], 'float32', [
    inputs,
    batch,
    ...axes.map(({ length, before, after }) => before + length + after),
  ]);
}
