import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { type Case, floats } from '../case.js';

type Sizes = [number, number, number];
type Padding = 'valid' | 'same' | number;

const sizes = (min: number, max: number): fc.Arbitrary<Sizes> => {
  const size = fc.integer({ min, max });
  return fc.tuple(size, size, size);
};
const padding = fc.constantFrom<Padding>('valid', 'same', 0, 1);

/** tf.conv3d takes a number for its padding, but its type does not say so. */
const asPadding = (pad: Padding): 'same' => pad as 'same';

const conv3d: Case = {
  op: 'tf.conv3d',
  kernels: ['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
  gradient: true,
  runs: 30,
  samples: fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      volume: sizes(3, 6),
      window: sizes(1, 3),
      channels: fc.integer({ min: 1, max: 3 }),
      filters: fc.integer({ min: 1, max: 3 }),
      strides: sizes(1, 3),
      pad: padding,
    })
    .map(({ batch, volume, window, channels, filters, strides, pad }) => ({
      inputs: [
        floats([batch, ...volume, channels]),
        floats([...window, channels, filters]),
      ],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, asPadding(pad)),
    })),
};

const single: Case = {
  op: 'tf.conv3d of one volume',
  kernels: ['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
  gradient: true,
  samples: fc.constantFrom(1, 2).map((stride) => ({
    inputs: [floats([4, 5, 3, 2]), floats([3, 3, 3, 2, 2])],
    fn: (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv3d(x as tf.Tensor4D, w as tf.Tensor5D, stride, 'same'),
  })),
};

const dilated: Case = {
  op: 'tf.conv3d, dilated',
  kernels: ['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
  gradient: true,
  runs: 16,
  samples: fc
    .record({ dilations: sizes(1, 3), window: sizes(1, 3), pad: padding })
    .map(({ dilations, window, pad }) => ({
      inputs: [floats([1, 7, 8, 7, 2]), floats([...window, 2, 2])],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv3d(
          x as tf.Tensor5D,
          w as tf.Tensor5D,
          1,
          asPadding(pad),
          'NDHWC',
          dilations,
        ),
    })),
};

const transposed: Case = {
  op: 'tf.conv3dTranspose',
  kernels: ['Conv3DBackpropInputV2'],
  gradient: false,
  runs: 16,
  samples: fc
    .record({
      volume: sizes(2, 4),
      window: sizes(1, 3),
      strides: sizes(1, 2),
      pad: fc.constantFrom<'valid' | 'same'>('valid', 'same'),
    })
    .map(({ volume, window, strides, pad }) => {
      const [depth, height, width] = volume.map((length, axis) => {
        const [size, stride] = [at(window, axis), at(strides, axis)];
        return pad === 'same' ? length * stride : (length - 1) * stride + size;
      }) as Sizes;
      return {
        inputs: [floats([2, ...volume, 3]), floats([...window, 2, 3])],
        fn: (x: tf.Tensor, w: tf.Tensor) =>
          tf.conv3dTranspose(
            x as tf.Tensor5D,
            w as tf.Tensor5D,
            [2, depth, height, width, 2],
            strides,
            pad,
          ),
      };
    }),
};

function pooling(
  op: string,
  kernels: readonly string[],
  fn: typeof tf.maxPool3d,
  step?: number,
): Case {
  return {
    op,
    kernels,
    gradient: true,
    runs: 24,
    samples: fc
      .record({
        volume: sizes(3, 6),
        channels: fc.integer({ min: 1, max: 2 }),
        window: sizes(2, 3),
        strides: sizes(1, 3),
        pad: padding,
        round: fc.constantFrom<'floor' | 'ceil'>('floor', 'ceil'),
      })
      .map(({ volume, channels, window, strides, pad, round }) => {
        const up = typeof pad === 'number' && round === 'ceil';
        return {
          inputs: [floats([2, ...volume, channels], -2, 2, step)],
          fn: (x: tf.Tensor) =>
            fn(
              x as tf.Tensor5D,
              // A smaller window, rounded up, may lie outside the volume.
              up ? 3 : window,
              up
                ? (strides.map((stride) => Math.min(stride, 2)) as Sizes)
                : strides,
              pad,
              typeof pad === 'number' ? round : undefined,
            ),
        };
      }),
  };
}

const batchNorm: Case = {
  op: 'tf.batchNorm of volumes',
  kernels: ['FusedBatchNorm'],
  // tfjs's gradient is one for images alone.
  gradient: false,
  samples: fc.constantFrom([2, 3, 2, 4, 2], [1, 2, 2, 2, 3]).map((shape) => {
    const channels = shape.slice(-1);
    return {
      inputs: [
        floats(shape),
        floats(channels),
        floats(channels, 0.2, 2),
        floats(channels),
        floats(channels),
      ],
      fn: (
        x: tf.Tensor,
        mean: tf.Tensor,
        variance: tf.Tensor,
        scale: tf.Tensor,
        offset: tf.Tensor,
      ) => tf.batchNorm(x, mean, variance, offset, scale, 0.01),
    };
  }),
};

/** Convolutions and pooling of volumes. */
export const volumeCases: readonly Case[] = [
  conv3d,
  single,
  dilated,
  transposed,
  pooling('tf.maxPool3d', ['MaxPool3D', 'MaxPool3DGrad'], tf.maxPool3d),
  pooling(
    'tf.maxPool3d of equals',
    ['MaxPool3D', 'MaxPool3DGrad'],
    tf.maxPool3d,
    1,
  ),
  pooling('tf.avgPool3d', ['AvgPool3D', 'AvgPool3DGrad'], tf.avgPool3d),
  batchNorm,
];
