import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { bools, type Case, floats, type Input, ints, shapes } from '../case.js';

type Reduction = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;

/** Over any axes, or all of them. */
function reducing(
  op: string,
  kernels: readonly string[],
  fn: Reduction,
  draw: (shape: readonly number[]) => Input,
  gradient = true,
): Case {
  return {
    op,
    kernels,
    gradient,
    samples: shapes().chain((shape) =>
      fc
        .record({
          axes: fc.subarray(
            shape.map((_, axis) => axis),
            { minLength: 1 },
          ),
          keepDims: fc.boolean(),
        })
        .map(({ axes, keepDims }) => ({
          inputs: [draw(shape)],
          fn: (x: tf.Tensor) => fn(x, axes, keepDims),
        })),
    ),
  };
}

/** Along one axis. */
function along(
  op: string,
  kernels: readonly string[],
  fn: (x: tf.Tensor, axis: number) => tf.Tensor,
  draw: (shape: readonly number[]) => Input,
  gradient: boolean,
): Case {
  return {
    op,
    kernels,
    gradient,
    samples: shapes().chain((shape) =>
      fc.nat({ max: shape.length - 1 }).map((axis) => ({
        inputs: [draw(shape)],
        fn: (x: tf.Tensor) => fn(x, axis),
      })),
    ),
  };
}

const any = (shape: readonly number[]): Input => floats(shape);
const ties = (shape: readonly number[]): Input => floats(shape, -2, 2, 1);
const whole = (shape: readonly number[]): Input => ints(shape, -9, 10);
const truths = (shape: readonly number[]): Input => bools(shape);

const scans = [false, true].flatMap((exclusive) =>
  [false, true].flatMap((reverse) => {
    const how = [
      ...(exclusive ? ['exclusive'] : []),
      ...(reverse ? ['reverse'] : []),
    ].join(', ');
    const named = (op: string): string => (how === '' ? op : `${op}, ${how}`);
    return [
      along(
        named('tf.cumsum'),
        ['Cumsum'],
        (x, axis) => tf.cumsum(x, axis, exclusive, reverse),
        any,
        true,
      ),
      along(
        named('tf.cumsum of int32'),
        [],
        (x, axis) => tf.cumsum(x, axis, exclusive, reverse),
        whole,
        false,
      ),
      along(
        named('tf.cumprod'),
        ['Cumprod'],
        (x, axis) => tf.cumprod(x, axis, exclusive, reverse),
        any,
        false,
      ),
    ];
  }),
);

/** Reductions and running sums. */
export const reductionCases: readonly Case[] = [
  reducing('tf.sum', ['Sum'], tf.sum, any),
  reducing('tf.mean', ['Mean'], tf.mean, any),
  reducing('tf.max', ['Max'], tf.max, ties),
  reducing('tf.min', ['Min'], tf.min, ties),
  // tfjs-core's gradient calls methods of tensors that only the whole of tfjs adds.
  reducing('tf.prod', ['Prod'], tf.prod, any, false),
  reducing('tf.logSumExp', ['Max', 'Sum'], tf.logSumExp, any),
  reducing('tf.all', ['All'], tf.all, truths, false),
  reducing('tf.any', ['Any'], tf.any, truths, false),
  reducing('tf.sum of int32', [], tf.sum, whole, false),
  reducing('tf.sum of bool', [], tf.sum, truths, false),
  reducing('tf.mean of int32', [], tf.mean, whole, false),
  reducing('tf.max of int32', [], tf.max, whole, false),
  reducing('tf.min of int32', [], tf.min, whole, false),
  // Along one axis, and no further: greater products do not fit.
  along('tf.prod of int32', [], (x, axis) => tf.prod(x, axis), whole, false),
  along('tf.argMax', ['ArgMax'], (x, axis) => tf.argMax(x, axis), ties, false),
  along('tf.argMin', ['ArgMin'], (x, axis) => tf.argMin(x, axis), ties, false),
  along(
    'tf.argMax of int32',
    [],
    (x, axis) => tf.argMax(x, axis),
    whole,
    false,
  ),
  along(
    'tf.norm',
    ['Sqrt', 'Sum'],
    (x, axis) => tf.norm(x, 'euclidean', axis),
    any,
    true,
  ),
  along(
    'tf.moments',
    ['Mean'],
    (x, axis) => tf.moments(x, axis).variance,
    any,
    true,
  ),
  ...scans,
  {
    op: 'tf.softmax',
    kernels: ['Softmax'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [floats(shape, -5, 5)],
      fn: (x: tf.Tensor) => tf.softmax(x),
    })),
  },
  {
    op: 'tf.logSoftmax',
    kernels: ['Max', 'Log'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [floats(shape, -5, 5)],
      fn: (x: tf.Tensor) => tf.logSoftmax(x),
    })),
  },
];
