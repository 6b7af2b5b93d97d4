import { RandomStream } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import './gradients.js';

beforeAll(() => tf.setBackend('cpu'));

function noise(name: string, shape: number[]): tf.Tensor {
  const random = new RandomStream(1, name);
  const length = shape.reduce((all, axis) => all * axis, 1);
  return tf.tensor(
    Float32Array.from({ length }, () => random.uniform(-1, 1)),
    shape,
  );
}

const dot = (a: tf.Tensor, b: tf.Tensor): number =>
  Number(tf.sum(tf.mul(a, b)).dataSync()[0]);

/** The gradient of a linear function f is its adjoint: ⟨dy, f(v)⟩ = ⟨gradient, v⟩ for every v. */
function expectAdjoint(f: (x: tf.Tensor) => tf.Tensor, shape: number[]): void {
  const x = noise('x', shape);
  const dy = noise('dy', f(x).shape);
  const gradient = tf.grad(f)(x, dy);
  expect(gradient.shape).toEqual(shape);
  for (const name of ['u', 'v', 'w']) {
    const v = noise(name, shape);
    expect(dot(gradient, v)).toBeCloseTo(dot(dy, f(v)), 4);
  }
}

describe('the gradient of a dilated convolution', () => {
  it.each([
    { dilation: 2, pad: 'same' },
    { dilation: 3, pad: 'valid' },
    { dilation: [1, 2], pad: 'valid' },
    { dilation: [3, 2], pad: 'same' },
  ] satisfies { dilation: number | [number, number]; pad: 'same' | 'valid' }[])(
    'is its adjoint, in images and in filters: %j',
    ({ dilation, pad }) => {
      const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad, 'NHWC', dilation);
      const [image, filter] = [
        [2, 9, 8, 2],
        [3, 2, 2, 3],
      ];
      const fixed = noise('fixed', filter);
      expectAdjoint((x) => convolve(x, fixed), image);
      const images = noise('images', image);
      expectAdjoint((w) => convolve(images, w), filter);
    },
  );
});

describe('the gradient of a dilated convolution of volumes', () => {
  it.each([
    { dilation: 2, pad: 'same' },
    { dilation: [1, 3, 2], pad: 'valid' },
  ] satisfies {
    dilation: number | [number, number, number];
    pad: 'same' | 'valid';
  }[])('is its adjoint: %j', ({ dilation, pad }) => {
    const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, pad, 'NDHWC', dilation);
    const [volume, filter] = [
      [1, 5, 7, 6, 2],
      [2, 3, 2, 2, 2],
    ];
    const fixed = noise('fixed', filter);
    expectAdjoint((x) => convolve(x, fixed), volume);
    const volumes = noise('volumes', volume);
    expectAdjoint((w) => convolve(volumes, w), filter);
  });
});

describe('the gradient of average pooling', () => {
  it.each(['valid', 'same', 1] as const)(
    'is its adjoint at the borders, too, with padding %s',
    (pad) => {
      for (const stride of [1, 2]) {
        expectAdjoint(
          (x) => tf.avgPool(x as tf.Tensor4D, [3, 2], stride, pad),
          [2, 6, 5, 2],
        );
        expectAdjoint(
          (x) => tf.avgPool3d(x as tf.Tensor5D, [3, 2, 2], stride, pad),
          [2, 4, 5, 3, 2],
        );
      }
    },
  );
});

describe('the gradient of a cumulative sum', () => {
  it.each([0, 1, 2])('is its adjoint, along axis %i', (axis) => {
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true]) {
        expectAdjoint((x) => tf.cumsum(x, axis, exclusive, reverse), [2, 3, 4]);
      }
    }
  });
});

describe('the gradient of a choice', () => {
  const x = [-1.5, 0.5, 1.5, 2.5];

  it.each<[string, (x: tf.Tensor) => tf.Tensor, number[]]>([
    [
      'is that of what is chosen',
      (v) => tf.where(tf.greater(v, 1), tf.square(v), tf.mul(v, 5)),
      [5, 5, 3, 5],
    ],
    [
      'by a mask of numbers is the mask',
      (v) => tf.mul(v, tf.cast(tf.lessEqual(v, 1), 'float32')),
      [1, 1, 0, 0],
    ],
    [
      'by two conditions is that of both',
      (v) =>
        tf.where(
          tf.logicalAnd(tf.notEqual(v, 0.5), tf.logicalNot(tf.less(v, 0))),
          tf.square(v),
          v,
        ),
      [1, 1, 3, 5],
    ],
    [
      'ends where numbers become integers',
      (v) => tf.mul(v, tf.cast(tf.cast(v, 'int32'), 'float32')),
      [-1, 0, 1, 2],
    ],
    [
      'passes through integers that become floats',
      (v) => tf.mul(tf.cast(tf.tensor1d([1, 2, 3, 4], 'int32'), 'float32'), v),
      [1, 2, 3, 4],
    ],
  ])('%s', (_, f, want) => {
    const gradient = tf.grad((v: tf.Tensor) => tf.sum(f(v)))(tf.tensor1d(x));
    expect([...gradient.dataSync()]).toEqual(want);
  });
});
