import { at, sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import { exactly } from '../../exactly.js';
import type { WindowAxis, Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesChannelsOutside } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { cut } from './cut.js';
import { elementsOf } from './window.js';

/** From so many output places on, one product for each filter element is faster than copying all their inputs together. */
const manyPlaces = 4096;

/**
 * The gradient of a convolution with respect to its filters. For each element of the filter it is the product of the
 * output's gradient [O, places] with the inputs which that element meets, [I, places]. With channels first, both are plain
 * views of the (padded, shifted) images.
 *
 * @returns […window, I, O]
 */
export function filterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  w: Windows,
): TensorInfo {
  const axes = w.axes.length;
  if (rowsFit(w)) {
    // Stored […window, O, I].
    const order = [...w.axes.map((_, axis) => axis), axes + 1, axes];
    return backend.symbol(gradientByRows(backend, x, dy, w), order);
  }
  // Stored [O, …window, I].
  const order = [...w.axes.map((_, axis) => axis + 1), axes + 1, 0];
  return backend.symbol(gradientByElements(backend, x, dy, w), order);
}

/** @returns stored [O, …window, I] */
function gradientByElements(
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

/** Whether a row of a volume's windows is better taken at once: there are 9 of them to a window of 27 elements. */
function rowsFit({ axes, batch }: Windows): boolean {
  const row = axes.at(-1);
  return (
    axes.length === 3 &&
    row?.stride === 1 &&
    row.dilation === 1 &&
    row.size > 1 &&
    batch * sizeOf(axes.map(({ places }) => places)) >= manyPlaces
  );
}

/**
 * The same by rows of the filter: the output's gradient is moved along the last axis, once for each element of a row, and all
 * of them are multiplied with the inputs that the row meets. Inputs are copied for each row, not for each element.
 *
 * @returns stored […window, O, I]
 */
function gradientByRows(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  w: Windows,
): GraphValue {
  const { graph } = backend;
  const order = imagesChannelsOutside(w.axes.length);
  const outer = w.axes.slice(0, -1);
  const row = w.axes[outer.length] as WindowAxis;
  const width = row.before + row.length + row.after;
  const moved = Array.from({ length: row.size }, (_, k) => {
    const before = [0, 0, ...outer.map(() => 0), k];
    const after = [0, 0, ...outer.map(() => 0), width - row.places - k];
    return graph.node(
      'Pad',
      [arrange(backend, dy, order), graph.int64([...before, ...after])],
      'float32',
      [w.outputs, w.batch, ...outer.map(({ places }) => places), width],
    );
  });
  const places = w.batch * sizeOf(outer.map((axis) => axis.places)) * width;
  const rows = row.size * w.outputs;
  const together = graph.node(
    'Concat',
    moved,
    'float32',
    [rows, ...at(moved, 0).shape.slice(1)],
    { axis: 0 },
  );
  const slopes = graph.reshape(together, [rows, places]);
  // A window of one element along the last axis, which lies at every pixel: the row's inputs, zeros and all.
  const single = { ...row, size: 1, places: width };
  const inputs = inputsOfElements(backend, arrange(backend, x, order), {
    ...w,
    axes: [...outer, single],
  });
  const products = inputs.map((input) =>
    graph.reshape(product(backend, slopes, input), [1, rows, w.inputs]),
  );
  const [only] = products;
  const all =
    products.length === 1 && only !== undefined
      ? only
      : graph.node(
          'Concat',
          products,
          'float32',
          [products.length, rows, w.inputs],
          { axis: 0 },
        );
  return graph.reshape(all, [
    ...w.axes.map(({ size }) => size),
    w.outputs,
    w.inputs,
  ]);
}

/** slopes · inputsᵀ: [O, places] times [rows, …places]. */
function product(
  { graph }: TraceBackend,
  slopes: GraphValue,
  inputs: GraphValue,
): GraphValue {
  const [outputs, places] = exactly(slopes.shape, 2);
  const rows = at(inputs.shape, 0);
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
    const starts = element.map((i, axis) => i * at(w.axes, axis).dilation);
    const ends = w.axes.map(
      ({ places, stride }, axis) =>
        at(starts, axis) + (places - 1) * stride + 1,
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
