import { at, sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { filtersOutputsFirst, imagesPlacesFirst } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { cut } from './cut.js';
import {
  inputsOfElements,
  pixelsOf,
  placesOf,
  shifts,
} from './strided-views.js';
import { elementsOf } from './window.js';

/*
 * Convolutions with strides, on images stored as […places, B, C] as Winograd's are, so that nothing is transposed between
 * them. Each element k of the filter is one product: with the inputs that it meets, x(k) [places, C],
 *
 *     y = Σ x(k)·w(k)ᵀ     dw(k) = dyᵀ·x(k)
 *
 * and each pixel of dx is a sum of dy·w(k) over the few elements that reach it, which are the same for all pixels whose
 * places leave the same remainder by the stride. To cut out of such images is to copy whole blocks.
 */

/** With fewer channels the products are too thin, and the blocks to copy too short. */
const fewestChannels = 16;

/** Whether a convolution is of the right form, and of a size for which this is faster. */
export function stridedFits({ axes, inputs, outputs }: Windows): boolean {
  return (
    axes.some(({ stride }) => stride > 1) &&
    axes.every(
      ({ length, stride, dilation }) => length % stride === 0 && dilation === 1,
    ) &&
    Math.min(inputs, outputs) >= fewestChannels
  );
}

/** @returns y, stored `imagesPlacesFirst` */
export function stridedForward(
  backend: TraceBackend,
  x: TensorInfo,
  filter: TensorInfo,
  w: Windows,
): GraphValue {
  const inputs = inputsOfElements(backend, x, w);
  const matrices = matricesOf(backend, filter, w);
  const y = sumOfProducts(
    backend,
    inputs.map((input, k) => [input, at(matrices, k)]),
    { transB: 1 },
    [placesOf(w), w.outputs],
  );
  return backend.graph.reshape(y, [
    ...w.axes.map(({ places }) => places),
    w.batch,
    w.outputs,
  ]);
}

/** @returns dx, stored `imagesPlacesFirst` */
export function stridedInputGradient(
  backend: TraceBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  w: Windows,
): GraphValue {
  const { graph } = backend;
  const matrices = matricesOf(backend, filter, w);
  const order = imagesPlacesFirst(w.axes.length);
  const shifted = shifts(backend, arrange(backend, dy, order), w);
  const elements = elementsOf(w);
  const shape = [sizeOf(w.axes.map(pixelsOf)) * w.batch, w.inputs];
  const pixelsAt = (remainder: readonly number[]): GraphValue => {
    const products = elements.flatMap(
      (element, k): [GraphValue, GraphValue][] => {
        const image = shifted(
          remainder.map((offset, axis) => offset - at(element, axis)),
        );
        return image === undefined ? [] : [[image, at(matrices, k)]];
      },
    );
    if (products.length > 0) return sumOfProducts(backend, products, {}, shape);
    const zero = graph.scalar(0, 'float32');
    return graph.node('Expand', [zero, graph.int64(shape)], 'float32', shape);
  };
  const dx = inTurn(backend, w, pixelsAt, []);
  return graph.reshape(dx, [
    ...w.axes.map(({ length }) => length),
    w.batch,
    w.inputs,
  ]);
}

/**
 * The pixels of every remainder put in turn, along the axes from the `remainder.length`-th on.
 *
 * @param remainder of the axes before
 * @returns as many elements as those axes have pixels of that remainder, and the others have in all
 */
function inTurn(
  backend: TraceBackend,
  w: Windows,
  pixelsAt: (remainder: readonly number[]) => GraphValue,
  remainder: readonly number[],
): GraphValue {
  const depth = remainder.length;
  const axis = w.axes[depth];
  if (axis === undefined) return pixelsAt(remainder);
  const outside = sizeOf(w.axes.slice(0, depth + 1).map(pixelsOf));
  const inside =
    sizeOf(w.axes.slice(depth + 1).map(({ length }) => length)) *
    w.batch *
    w.inputs;
  const parts = range(axis.stride).map((offset) =>
    backend.graph.reshape(
      inTurn(backend, w, pixelsAt, [...remainder, offset]),
      [outside, 1, inside],
    ),
  );
  return concat(backend, parts, 1);
}

/** @returns dw, stored `filtersOutputsFirst` */
export function stridedFilterGradient(
  backend: TraceBackend,
  x: TensorInfo,
  dy: TensorInfo,
  w: Windows,
): GraphValue {
  const { graph } = backend;
  const order = imagesPlacesFirst(w.axes.length);
  const slopes = graph.reshape(arrange(backend, dy, order), [
    placesOf(w),
    w.outputs,
  ]);
  const shape = [w.outputs, w.inputs];
  const products = inputsOfElements(backend, x, w).map((input) =>
    graph.reshape(
      graph.node('Gemm', [slopes, input], 'float32', shape, { transA: 1 }),
      [1, w.outputs * w.inputs],
    ),
  );
  const size = products.length;
  const flat = graph.node(
    'Gemm',
    [concat(backend, products, 0), identityMatrix(backend, size)],
    'float32',
    [w.outputs * w.inputs, size],
    { transA: 1 },
  );
  return graph.reshape(flat, [...shape, ...w.axes.map((axis) => axis.size)]);
}

/** The filter's elements as matrices, each [O, I]: moved by a product with ones and zeros, which is exact. */
function matricesOf(
  backend: TraceBackend,
  filter: TensorInfo,
  w: Windows,
): GraphValue[] {
  const { graph } = backend;
  const size = elementsOf(w).length;
  const filters = w.outputs * w.inputs;
  const stored = arrange(backend, filter, filtersOutputsFirst(w.axes.length));
  const elements = graph.node(
    'Gemm',
    [identityMatrix(backend, size), graph.reshape(stored, [filters, size])],
    'float32',
    [size, filters],
    { transB: 1 },
  );
  return range(size).map((k) =>
    graph.reshape(cut(backend, elements, [k, 0], [k + 1, filters], [1, 1]), [
      w.outputs,
      w.inputs,
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
  const first = at(values, 0);
  if (values.length === 1) return first;
  const shape = first.shape.map((length, i) =>
    i === axis
      ? values.reduce((sum, { shape: own }) => sum + at(own, axis), 0)
      : length,
  );
  return graph.node('Concat', values, 'float32', shape, { axis });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
