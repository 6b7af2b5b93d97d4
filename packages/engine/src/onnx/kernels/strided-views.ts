import { at, sizeOf } from '@clip-lung/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { WindowAxis, Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesPlacesFirst } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { cut } from './cut.js';
import { elementsOf } from './window.js';

/*
 * Parts of images that are stored as […places, B, C], moved against each other for the products of a convolution with
 * strides. To cut out of such images is to copy whole blocks.
 */

/** The inputs that each filter element meets, [places, I], in the order of the filter's elements. */
export function inputsOfElements(
  backend: TraceBackend,
  x: TensorInfo,
  w: Windows,
): GraphValue[] {
  const whole = padded(
    backend,
    arrange(backend, x, imagesPlacesFirst(w.axes.length)),
    w.axes.map(({ before }) => before),
    w.axes.map(({ after }) => after),
  );
  return elementsOf(w).map((element) => {
    const met = cut(
      backend,
      whole,
      [...element, 0, 0],
      [
        ...w.axes.map(
          ({ places, stride }, axis) =>
            at(element, axis) + (places - 1) * stride + 1,
        ),
        w.batch,
        w.inputs,
      ],
      [...w.axes.map(({ stride }) => stride), 1, 1],
    );
    return backend.graph.reshape(met, [placesOf(w), w.inputs]);
  });
}

/**
 * The outputs' gradient moved so that its places lie upon the pixels which they reach: for a pixel's remainder less the
 * filter's element, along every axis, [pixels of that remainder, O]; undefined where no place reaches it.
 */
export function shifts(
  backend: TraceBackend,
  dy: GraphValue,
  w: Windows,
): (offsets: readonly number[]) => GraphValue | undefined {
  const margins = w.axes.map(marginsOf);
  const whole = padded(
    backend,
    dy,
    margins.map(({ before }) => before),
    margins.map(({ after }) => after),
  );
  return (offsets) => {
    const starts = w.axes.map(
      ({ stride, before }, axis) =>
        (at(offsets, axis) + before) / stride + at(margins, axis).before,
    );
    if (!starts.every(Number.isInteger)) return undefined;
    const ends = w.axes.map((one, axis) => at(starts, axis) + pixelsOf(one));
    const image = cut(
      backend,
      whole,
      [...starts, 0, 0],
      [...ends, w.batch, w.outputs],
      [...w.axes.map(() => 1), 1, 1],
    );
    const pixels = sizeOf(w.axes.map(pixelsOf));
    return backend.graph.reshape(image, [pixels * w.batch, w.outputs]);
  };
}

/** The zeros that an output's gradient needs around it for every offset. */
function marginsOf(axis: WindowAxis): { before: number; after: number } {
  const least = Math.ceil((axis.before - axis.size + 1) / axis.stride);
  const most = Math.floor((axis.stride - 1 + axis.before) / axis.stride);
  return {
    before: Math.max(0, -least),
    after: Math.max(0, most + pixelsOf(axis) - axis.places),
  };
}

/** Pixels that leave the same remainder by the stride. */
export function pixelsOf({ length, stride }: WindowAxis): number {
  return length / stride;
}

/** Zeros around the places; none for images and channels. */
function padded(
  { graph }: TraceBackend,
  images: GraphValue,
  before: readonly number[],
  after: readonly number[],
): GraphValue {
  if ([...before, ...after].every((pad) => pad === 0)) return images;
  const [start, end] = [
    [...before, 0, 0],
    [...after, 0, 0],
  ];
  const shape = images.shape.map(
    (length, axis) => length + at(start, axis) + at(end, axis),
  );
  const pads = graph.int64([...start, ...end]);
  return graph.node('Pad', [images, pads], 'float32', shape);
}

/** Output places of all images. */
export function placesOf({ axes, batch }: Windows): number {
  return sizeOf(axes.map(({ places }) => places)) * batch;
}
