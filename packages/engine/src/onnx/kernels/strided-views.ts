import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import type { TraceBackend } from '../trace-backend.js';
import { cut } from './cut.js';
import { coveringPads } from './window.js';
import { imagesAsHwbc } from './winograd-tiles.js';

/*
 * Parts of images that are stored as [H, W, B, C], moved against each other for the products of a convolution with strides.
 * To cut out of such images is to copy whole blocks.
 */

type Geometry = backend_util.Conv2DInfo;

/** The inputs that each filter element meets, [places, I], row by row of the filter. */
export function inputsOfElements(
  backend: TraceBackend,
  x: TensorInfo,
  g: Geometry,
): GraphValue[] {
  const [top, left, bottom, right] = coveringPads(g);
  const whole = padded(
    backend,
    arrange(backend, x, imagesAsHwbc),
    [top, left],
    [bottom, right],
  );
  return range(g.filterHeight * g.filterWidth).map((k) => {
    const row = Math.floor(k / g.filterWidth);
    const column = k % g.filterWidth;
    const met = cut(
      backend,
      whole,
      [row, column, 0, 0],
      [
        row + (g.outHeight - 1) * g.strideHeight + 1,
        column + (g.outWidth - 1) * g.strideWidth + 1,
        g.batchSize,
        g.inChannels,
      ],
      [g.strideHeight, g.strideWidth, 1, 1],
    );
    return backend.graph.reshape(met, [placesOf(g), g.inChannels]);
  });
}

/**
 * The outputs' gradient moved so that its places lie upon the pixels which they reach: for a pixel's remainder less the
 * filter's element, along both axes, [pixels of that remainder, O]; undefined where no place reaches it.
 */
export function shifts(
  backend: TraceBackend,
  dy: GraphValue,
  g: Geometry,
): (down: number, across: number) => GraphValue | undefined {
  const [top, left] = coveringPads(g);
  const axes = [
    {
      stride: g.strideHeight,
      before: top,
      filter: g.filterHeight,
      places: g.outHeight,
      pixels: g.inHeight / g.strideHeight,
    },
    {
      stride: g.strideWidth,
      before: left,
      filter: g.filterWidth,
      places: g.outWidth,
      pixels: g.inWidth / g.strideWidth,
    },
  ].map(({ stride, before, filter, places, pixels }) => {
    const least = Math.ceil((before - filter + 1) / stride);
    const most = Math.floor((stride - 1 + before) / stride);
    return {
      stride,
      before,
      pixels,
      padBefore: Math.max(0, -least),
      padAfter: Math.max(0, most + pixels - places),
    };
  });
  const whole = padded(
    backend,
    dy,
    axes.map(({ padBefore }) => padBefore),
    axes.map(({ padAfter }) => padAfter),
  );
  return (down, across) => {
    const starts = [down, across].map((offset, axis) => {
      const { stride = 1, before = 0, padBefore = 0 } = axes[axis] ?? {};
      return (offset + before) / stride + padBefore;
    });
    if (!starts.every(Number.isInteger)) return undefined;
    const ends = starts.map((start, axis) => start + (axes[axis]?.pixels ?? 0));
    const image = cut(
      backend,
      whole,
      [...starts, 0, 0],
      [...ends, g.batchSize, g.outChannels],
      [1, 1, 1, 1],
    );
    const [height = 1, width = 1] = image.shape;
    return backend.graph.reshape(image, [
      height * width * g.batchSize,
      g.outChannels,
    ]);
  };
}

/** Zeros around the first two axes. */
function padded(
  { graph }: TraceBackend,
  images: GraphValue,
  before: readonly number[],
  after: readonly number[],
): GraphValue {
  if ([...before, ...after].every((pad) => pad === 0)) return images;
  const pads = graph.int64([...before, 0, 0, ...after, 0, 0]);
  const shape = images.shape.map(
    (length, axis) => length + (before[axis] ?? 0) + (after[axis] ?? 0),
  );
  return graph.node('Pad', [images, pads], 'float32', shape);
}

/** Output places of all images. */
export function placesOf(g: Geometry): number {
  return g.outHeight * g.outWidth * g.batchSize;
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
