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
