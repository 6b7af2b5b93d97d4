import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import {
  bools,
  broadcastShapes,
  type Case,
  floats,
  type Input,
  ints,
  shapes,
} from '../case.js';

const draws: readonly ((shape: readonly number[]) => Input)[] = [
  (shape) => floats(shape, -3, 3),
  (shape) => ints(shape, -3, 3),
  (shape) => bools(shape),
];

/** Conditions that depend on what is differentiated. */
const questions: Readonly<
  Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>
> = {
  Equal: tf.equal,
  Greater: tf.greater,
  GreaterEqual: tf.greaterEqual,
  Less: tf.less,
  LessEqual: tf.lessEqual,
  NotEqual: tf.notEqual,
  LogicalAnd: (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.less(b, 1)),
  LogicalOr: (a, b) => tf.logicalOr(tf.greater(a, 0), tf.less(b, 1)),
  LogicalNot: (a, b) => tf.logicalNot(tf.greater(a, b)),
};

/** Choosing, converting, and summing several tensors. */
export const selectionCases: readonly Case[] = [
  {
    op: 'tf.where',
    kernels: ['Select'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [bools(shape), floats(shape), floats(shape)],
      fn: (condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
        tf.where(condition, a, b),
    })),
  },
  {
    op: 'tf.where',
    kernels: ['Select'],
    gradient: false,
    samples: fc
      .tuple(broadcastShapes, fc.constantFrom(...draws))
      .map(([[wide, narrow], draw]) => ({
        inputs: [bools(narrow), draw(wide), draw(narrow)],
        fn: (condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
          tf.where(condition, a, b),
      })),
  },
  ...Object.entries(questions).map(
    ([kernel, ask]): Case => ({
      op: `tf.where of ${kernel}`,
      kernels: ['Select', kernel],
      gradient: true,
      samples: shapes().map((shape) => ({
        inputs: [floats(shape, -2, 2, 1), floats(shape, -2, 2, 1)],
        fn: (a: tf.Tensor, b: tf.Tensor) =>
          tf.where(ask(a, b), tf.mul(a, b), tf.square(a)),
      })),
    }),
  ),
  {
    op: 'tf.cast to integers',
    kernels: ['Cast'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [floats(shape, -3, 3)],
      fn: (x: tf.Tensor) => tf.mul(x, tf.cast(tf.cast(x, 'int32'), 'float32')),
    })),
  },
  {
    op: 'tf.cast',
    kernels: ['Cast'],
    gradient: false,
    runs: 16,
    samples: fc
      .tuple(
        shapes(),
        fc.constantFrom(...draws),
        fc.constantFrom<'float32' | 'int32' | 'bool'>(
          'float32',
          'int32',
          'bool',
        ),
      )
      .map(([shape, draw, dtype]) => ({
        inputs: [draw(shape)],
        fn: (x: tf.Tensor) => tf.cast(x, dtype),
      })),
  },
  {
    op: 'tf.cast',
    kernels: ['Cast'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [floats(shape), ints(shape, -5, 5)],
      fn: (x: tf.Tensor, n: tf.Tensor) => tf.mul(x, tf.cast(n, 'float32')),
    })),
  },
  {
    op: 'tf.addN',
    kernels: ['AddN'],
    gradient: true,
    samples: fc
      .tuple(shapes(), fc.integer({ min: 1, max: 4 }))
      .map(([shape, count]) => ({
        inputs: Array.from({ length: count }, () => floats(shape)),
        fn: (...xs: tf.Tensor[]) => tf.addN(xs),
      })),
  },
  {
    op: 'tf.clone',
    kernels: ['Identity'],
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [floats(shape)],
      fn: (x: tf.Tensor) => tf.clone(x),
    })),
  },
];
