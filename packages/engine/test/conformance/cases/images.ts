import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { type Case, floats } from '../case.js';

type Padding = 'valid' | 'same' | number;

const windows = fc.record({
  height: fc.integer({ min: 4, max: 8 }),
  width: fc.integer({ min: 4, max: 8 }),
  channels: fc.integer({ min: 1, max: 3 }),
  size: fc.constantFrom(2, 3),
  stride: fc.constantFrom(1, 2),
  pad: fc.constantFrom<Padding>('valid', 'same', 1),
  round: fc.constantFrom<'floor' | 'ceil'>('floor', 'ceil'),
});

function pooling(
  op: string,
  kernels: readonly string[],
  fn: typeof tf.maxPool,
  step?: number,
): Case {
  return {
    op,
    kernels,
    gradient: true,
    runs: 24,
    samples: windows.map(
      ({ height, width, channels, size, stride, pad, round }) => ({
        inputs: [floats([2, height, width, channels], -2, 2, step)],
        // tfjs forgets on the way back that sizes were rounded up.
        gradient: typeof pad !== 'number' || round === 'floor',
        fn: (x: tf.Tensor) =>
          fn(
            x as tf.Tensor4D,
            // A window of two, rounded up, may lie outside the image.
            round === 'ceil' ? 3 : size,
            stride,
            pad,
            typeof pad === 'number' ? round : undefined,
          ),
      }),
    ),
  };
}

/**
 * tfjs's gradients of resizing know nothing of half pixels, swap height and width of what is not square, and, for the
 * nearest neighbour, take every image but the first from a wrong place.
 */
function resizing(
  op: string,
  kernels: readonly string[],
  fn: typeof tf.image.resizeBilinear,
  batch: number,
): Case {
  const side = fc.integer({ min: 1, max: 7 });
  return {
    op,
    kernels,
    gradient: true,
    runs: 20,
    samples: fc
      .record({
        from: fc.tuple(side, side),
        size: fc.tuple(side, side),
        how: fc.constantFrom('plain', 'corners', 'half pixels'),
      })
      .map(({ from: [height, width], size, how }) => ({
        inputs: [floats([batch, height, width, 2])],
        gradient: how !== 'half pixels' && height === width && height > 1,
        fn: (x: tf.Tensor) =>
          fn(x as tf.Tensor4D, size, how === 'corners', how === 'half pixels'),
      })),
  };
}

const statistics = fc.record({
  scaled: fc.boolean(),
  shifted: fc.boolean(),
  whole: fc.boolean(),
});

/** Pooling, resizing, normalising and rearranging images. */
export const imageCases: readonly Case[] = [
  pooling('tf.maxPool', ['MaxPool', 'MaxPoolGrad'], tf.maxPool),
  pooling('tf.maxPool of equals', ['MaxPool', 'MaxPoolGrad'], tf.maxPool, 1),
  pooling('tf.avgPool', ['AvgPool', 'AvgPoolGrad'], tf.avgPool),
  resizing(
    'tf.image.resizeBilinear',
    ['ResizeBilinear', 'ResizeBilinearGrad'],
    tf.image.resizeBilinear,
    2,
  ),
  resizing(
    'tf.image.resizeNearestNeighbor',
    ['ResizeNearestNeighbor', 'ResizeNearestNeighborGrad'],
    tf.image.resizeNearestNeighbor,
    1,
  ),
  {
    op: 'tf.batchNorm',
    kernels: ['FusedBatchNorm'],
    gradient: true,
    samples: statistics.map(({ scaled, shifted, whole }) => {
      const shape = whole ? [2, 3, 4, 2] : [2];
      return {
        inputs: [
          floats([2, 3, 4, 2]),
          floats(shape),
          floats(shape, 0.2, 2),
          floats(shape),
          floats(shape),
        ],
        // tfjs fails to keep a scale that is left out.
        gradient: scaled && shifted,
        fn: (
          x: tf.Tensor,
          mean: tf.Tensor,
          variance: tf.Tensor,
          scale: tf.Tensor,
          offset: tf.Tensor,
        ) =>
          tf.batchNorm(
            x,
            mean,
            variance,
            shifted ? offset : undefined,
            scaled ? scale : undefined,
            0.01,
          ),
      };
    }),
  },
  {
    op: 'tf.depthToSpace',
    kernels: ['DepthToSpace'],
    gradient: false,
    samples: fc.constantFrom(2, 3).map((block) => ({
      inputs: [floats([2, 3, 2, 2 * block * block])],
      fn: (x: tf.Tensor) => tf.depthToSpace(x as tf.Tensor4D, block),
    })),
  },
  {
    op: 'tf.spaceToBatchND',
    kernels: ['SpaceToBatchND'],
    gradient: true,
    samples: fc.constantFrom(0, 1).map((extra) => ({
      inputs: [floats([2, 4, 5, 3])],
      fn: (x: tf.Tensor) =>
        tf.spaceToBatchND(
          x,
          [2, 3],
          [
            [extra, extra],
            [1, 0],
          ],
        ),
    })),
  },
  {
    op: 'tf.batchToSpaceND',
    kernels: ['BatchToSpaceND'],
    gradient: true,
    samples: fc.constantFrom(0, 1).map((cropped) => ({
      inputs: [floats([12, 3, 2, 3])],
      fn: (x: tf.Tensor) =>
        tf.batchToSpaceND(
          x,
          [2, 3],
          [
            [cropped, cropped],
            [1, 0],
          ],
        ),
    })),
  },
];
