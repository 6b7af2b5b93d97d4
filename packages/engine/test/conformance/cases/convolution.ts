import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { type Case, floats } from '../case.js';

type Padding = 'valid' | 'same' | number;

/** Sizes of images and windows that a program may ask for. */
const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  height: fc.integer({ min: 5, max: 8 }),
  width: fc.integer({ min: 5, max: 8 }),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  // tfjs takes an oblong filter for a square one when the padding is a number.
  size: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2, 3),
  pad: fc.constantFrom<Padding>('valid', 'same', 0, 1),
});

const rounding = (pad: Padding): 'floor' | undefined =>
  typeof pad === 'number' ? 'floor' : undefined;

const conv2d: Case = {
  op: 'tf.conv2d',
  kernels: ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  gradient: true,
  runs: 30,
  samples: geometry.map(
    ({ batch, height, width, channels, filters, size, stride, pad }) => ({
      inputs: [
        floats([batch, height, width, channels]),
        floats([size, size, channels, filters]),
      ],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          stride,
          pad,
          'NHWC',
          1,
          rounding(pad),
        ),
    }),
  ),
};

const oblong: Case = {
  op: 'tf.conv2d, oblong filters and strides',
  kernels: ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  gradient: true,
  runs: 16,
  samples: fc
    .record({
      size: fc.tuple(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
      ),
      stride: fc.constantFrom<[number, number]>([1, 2], [2, 1], [1, 1]),
      pad: fc.constantFrom<'valid' | 'same'>('valid', 'same'),
    })
    .map(({ size, stride, pad }) => ({
      inputs: [floats([2, 6, 5, 2]), floats([...size, 2, 3])],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad),
    })),
};

const explicit: Case = {
  op: 'tf.conv2d, a padding for every side',
  kernels: ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  gradient: true,
  runs: 16,
  samples: fc
    .record({
      rows: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })),
      columns: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })),
      stride: fc.constantFrom(1, 2),
    })
    .map(({ rows, columns, stride }) => ({
      inputs: [floats([2, 5, 6, 2]), floats([3, 2, 2, 3])],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          stride,
          [[0, 0], rows, columns, [0, 0]],
          'NHWC',
          1,
          'floor',
        ),
    })),
};

const dilated: Case = {
  op: 'tf.conv2d, dilated',
  kernels: ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  gradient: true,
  samples: fc
    .record({
      dilation: fc.constantFrom(2, 3),
      pad: fc.constantFrom<'valid' | 'same'>('valid', 'same'),
    })
    .map(({ dilation, pad }) => ({
      inputs: [floats([2, 8, 9, 2]), floats([3, 3, 2, 2])],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad, 'NHWC', dilation),
    })),
};

const conv1d: Case = {
  op: 'tf.conv1d',
  kernels: ['Conv2D'],
  gradient: true,
  samples: fc.constantFrom(1, 2).map((stride) => ({
    inputs: [floats([2, 9, 2]), floats([3, 2, 3])],
    fn: (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, stride, 'same'),
  })),
};

const transposed: Case = {
  op: 'tf.conv2dTranspose',
  kernels: ['Conv2DBackpropInput'],
  gradient: true,
  runs: 20,
  samples: geometry.map(
    ({ batch, channels, filters, size, stride, pad, height, width }) => {
      const side = (length: number): number =>
        pad === 'same'
          ? length * stride
          : (length - 1) * stride +
            size -
            (typeof pad === 'number' ? 2 * pad : 0);
      const [rows, columns] = [height - 2, width - 2];
      return {
        inputs: [
          floats([batch, rows, columns, channels]),
          floats([size, size, filters, channels]),
        ],
        fn: (x: tf.Tensor, w: tf.Tensor) =>
          tf.conv2dTranspose(
            x as tf.Tensor4D,
            w as tf.Tensor4D,
            [batch, side(rows), side(columns), filters],
            stride,
            pad,
            rounding(pad),
          ),
      };
    },
  ),
};

const depthwise: Case = {
  op: 'tf.depthwiseConv2d',
  kernels: [
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
  ],
  gradient: true,
  runs: 24,
  samples: geometry.map(
    ({ batch, height, width, channels, filters, size, stride, pad }) => ({
      inputs: [
        floats([batch, height, width, channels]),
        floats([size, size, channels, filters]),
      ],
      fn: (x: tf.Tensor, w: tf.Tensor) =>
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          stride,
          pad,
          'NHWC',
          1,
          rounding(pad),
        ),
    }),
  ),
};

const roundedUp: Case = {
  op: 'tf.depthwiseConv2d, sizes rounded up',
  kernels: ['DepthwiseConv2dNative'],
  gradient: true,
  samples: geometry.map(({ batch, height, width, channels, filters }) => ({
    inputs: [
      floats([batch, height, width, channels]),
      floats([3, 3, channels, filters]),
    ],
    fn: (x: tf.Tensor, w: tf.Tensor) =>
      tf.depthwiseConv2d(
        x as tf.Tensor4D,
        w as tf.Tensor4D,
        2,
        1,
        'NHWC',
        1,
        'ceil',
      ),
  })),
};

const depthwiseDilated: Case = {
  op: 'tf.depthwiseConv2d, dilated',
  kernels: ['DepthwiseConv2dNative'],
  gradient: false,
  samples: fc.constantFrom(2, 3).map((dilation) => ({
    inputs: [floats([2, 8, 9, 2]), floats([3, 3, 2, 2])],
    fn: (x: tf.Tensor, w: tf.Tensor) =>
      tf.depthwiseConv2d(
        x as tf.Tensor4D,
        w as tf.Tensor4D,
        1,
        'same',
        'NHWC',
        dilation,
      ),
  })),
};

const separable: Case = {
  op: 'tf.separableConv2d',
  kernels: ['DepthwiseConv2dNative', 'Conv2D'],
  gradient: true,
  samples: fc.constantFrom(1, 2).map((stride) => ({
    inputs: [floats([2, 6, 7, 2]), floats([3, 3, 2, 2]), floats([1, 1, 4, 3])],
    fn: (x: tf.Tensor, w: tf.Tensor, p: tf.Tensor) =>
      tf.separableConv2d(
        x as tf.Tensor4D,
        w as tf.Tensor4D,
        p as tf.Tensor4D,
        stride,
        'same',
      ),
  })),
};

const activation = fc.constantFrom(
  'linear' as const,
  'relu' as const,
  'elu' as const,
  'prelu' as const,
);

const fusedCases = (['conv2d', 'depthwiseConv2d'] as const).map(
  (name): Case => ({
    op: `tf.fused.${name}`,
    kernels: [name === 'conv2d' ? 'FusedConv2D' : 'FusedDepthwiseConv2D'],
    gradient: true,
    samples: fc
      .record({ activation, stride: fc.constantFrom(1, 2) })
      .map(({ activation: kind, stride }) => ({
        inputs: [
          floats([2, 6, 5, 2]),
          floats([3, 3, 2, 3]),
          floats([name === 'conv2d' ? 3 : 6]),
          ...(kind === 'prelu' ? [floats([name === 'conv2d' ? 3 : 6])] : []),
        ],
        // tfjs has no gradient of the fused slope.
        gradient: kind !== 'prelu',
        fn: (x: tf.Tensor, w: tf.Tensor, bias: tf.Tensor, slope?: tf.Tensor) =>
          tf.fused[name]({
            x: x as tf.Tensor4D,
            filter: w as tf.Tensor4D,
            strides: stride,
            pad: 'same',
            bias,
            activation: kind,
            ...(slope === undefined ? {} : { preluActivationWeights: slope }),
          }),
      })),
  }),
);

/** Convolutions of images, plain, depthwise, transposed and fused. */
export const convolutionCases: readonly Case[] = [
  conv2d,
  oblong,
  explicit,
  dilated,
  conv1d,
  transposed,
  depthwise,
  roundedUp,
  depthwiseDilated,
  separable,
  ...fusedCases,
];
