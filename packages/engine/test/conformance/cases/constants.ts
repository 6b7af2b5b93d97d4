import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { broadcastShapes, type Case, floats, shapes } from '../case.js';

/** Numbers that are known while tracing: engines may compute ahead with them, leave them out, or write them as scalars. */
const uniform: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'tf.add of 0': (x) => tf.add(x, 0),
  'tf.sub of 0': (x) => tf.sub(x, 0),
  'tf.mul by 1': (x) => tf.mul(1, x),
  'tf.div by 1': (x) => tf.div(x, 1),
  'tf.pow of 2': (x) => tf.pow(x, 2),
  'tf.sub from 1': (x) => tf.sub(1, x),
  'tf.mul by −0': (x) => tf.mul(x, -0),
  'tf.maximum of 0': (x) => tf.maximum(x, tf.zerosLike(x)),
};

/** Constants, and what is computed from constants alone. */
export const constantCases: readonly Case[] = [
  ...Object.entries(uniform).map(([op, fn]) => ({
    op,
    kernels: [],
    gradient: true,
    samples: shapes(0).map((shape) => ({ inputs: [floats(shape)], fn })),
  })),
  {
    op: 'tf.fill',
    kernels: ['Fill'],
    gradient: true,
    samples: fc
      .tuple(broadcastShapes, fc.boolean())
      .map(([[wide, narrow], swapped]) => ({
        inputs: [floats(swapped ? narrow : wide)],
        fn: (x: tf.Tensor) => tf.mul(x, tf.fill(swapped ? wide : narrow, 1.5)),
      })),
  },
  {
    op: 'tf.matMul of constants',
    kernels: ['BatchMatMul'],
    gradient: true,
    samples: fc.integer({ min: 1, max: 4 }).map((n) => ({
      inputs: [floats([n, 3])],
      fn: (x: tf.Tensor) => {
        const eye = tf.cast(tf.eye(3), 'float32');
        const rising = tf.reshape(tf.range(0, 9), [3, 3]);
        return tf.matMul(x, tf.matMul(rising, tf.transpose(tf.add(eye, 1))));
      },
    })),
  },
  {
    op: 'tf.concat of constants',
    kernels: ['Concat', 'Transpose'],
    gradient: true,
    samples: fc.integer({ min: 1, max: 3 }).map((n) => ({
      inputs: [floats([2, n])],
      fn: (x: tf.Tensor) => {
        const mask = tf.concat([tf.ones([n, 1]), tf.zeros([n, 1])], 1);
        return tf.mul(x, tf.transpose(mask));
      },
    })),
  },
];
