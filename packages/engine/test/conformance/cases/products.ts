import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { type Case, floats, ints } from '../case.js';

const side = fc.integer({ min: 1, max: 5 });
const flags = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });
const sizes = fc.record({ m: side, k: side, n: side });
const activations = fc.constantFrom(
  'linear' as const,
  'relu' as const,
  'relu6' as const,
  'elu' as const,
  'sigmoid' as const,
  'leakyrelu' as const,
);

const equations = [
  'ij,jk->ik',
  'bij,bkj->bik',
  'bhid,bhjd->bhij',
  'ij->ji',
  'ijk->j',
  'i,j->ij',
  'ij,ij->i',
];

/** A tensor for each operand of an equation, every letter with a length of its own. */
function operandShapes(equation: string): number[][] {
  return at(equation.split('->'), 0)
    .split(',')
    .map((letters) =>
      letters.split('').map((letter) => 2 + (letter.charCodeAt(0) % 3)),
    );
}

/** Matrix products. */
export const productCases: readonly Case[] = [
  {
    op: 'tf.matMul',
    kernels: ['BatchMatMul'],
    gradient: true,
    runs: 30,
    samples: fc
      .record({
        sizes,
        flags,
        batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      })
      .map(
        ({ sizes: { m, k, n }, flags: { transposeA, transposeB }, batch }) => ({
          inputs: [
            floats([...batch, ...(transposeA ? [k, m] : [m, k])]),
            floats([...batch, ...(transposeB ? [n, k] : [k, n])]),
          ],
          fn: (a: tf.Tensor, b: tf.Tensor) =>
            tf.matMul(a, b, transposeA, transposeB),
        }),
      ),
  },
  {
    op: 'tf.matMul, batches broadcast',
    kernels: ['BatchMatMul'],
    gradient: false,
    samples: fc
      .record({
        sizes,
        // tfjs-cpu counts batches wrong where both operands broadcast.
        batches: fc.constantFrom(
          [[3], [1]],
          [[1], [3]],
          [[2, 3], [3]],
          [
            [1, 1],
            [2, 3],
          ],
        ),
      })
      .map(({ sizes: { m, k, n }, batches: [left = [], right = []] }) => ({
        inputs: [floats([...left, m, k]), floats([...right, k, n])],
        fn: (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
      })),
  },
  {
    op: 'tf.matMul of integers',
    kernels: ['BatchMatMul'],
    gradient: false,
    samples: fc
      .record({ sizes, flags, batch: fc.constantFrom([], [2]) })
      .map(
        ({ sizes: { m, k, n }, flags: { transposeA, transposeB }, batch }) => ({
          inputs: [
            ints([...batch, ...(transposeA ? [k, m] : [m, k])], -9000, 9000),
            ints([...batch, ...(transposeB ? [n, k] : [k, n])], -9000, 9000),
          ],
          fn: (a: tf.Tensor, b: tf.Tensor) =>
            tf.matMul(a, b, transposeA, transposeB),
        }),
      ),
  },
  {
    op: 'tf.math.confusionMatrix',
    kernels: ['BatchMatMul', 'OneHot'],
    gradient: false,
    samples: side.map((count) => ({
      inputs: [ints([count], 0, 3), ints([count], 0, 3)],
      fn: (labels: tf.Tensor, predictions: tf.Tensor) =>
        tf.math.confusionMatrix(
          labels as tf.Tensor1D,
          predictions as tf.Tensor1D,
          3,
        ),
    })),
  },
  {
    op: 'tf.dot',
    kernels: ['BatchMatMul'],
    gradient: true,
    samples: side.map((length) => ({
      inputs: [floats([length]), floats([length])],
      fn: (a: tf.Tensor, b: tf.Tensor) => tf.dot(a, b),
    })),
  },
  {
    op: 'tf.einsum',
    kernels: ['Einsum'],
    gradient: false,
    runs: 20,
    samples: fc.constantFrom(...equations).map((equation) => ({
      inputs: operandShapes(equation).map((shape) => floats(shape)),
      fn: (...xs: tf.Tensor[]) => tf.einsum(equation, ...xs),
    })),
  },
  {
    op: 'tf.fused.matMul',
    kernels: ['_FusedMatMul'],
    gradient: true,
    runs: 16,
    samples: fc
      .record({ sizes, flags, activation: activations, bias: fc.boolean() })
      .map(
        ({
          sizes: { m, k, n },
          flags: { transposeA, transposeB },
          activation,
          bias,
        }) => ({
          inputs: [
            floats(transposeA ? [k, m] : [m, k]),
            floats(transposeB ? [n, k] : [k, n]),
            ...(bias ? [floats([n])] : []),
          ],
          fn: (a: tf.Tensor, b: tf.Tensor, offset?: tf.Tensor) =>
            tf.fused.matMul({
              a,
              b,
              transposeA,
              transposeB,
              activation,
              leakyreluAlpha: 0.3,
              ...(offset === undefined ? {} : { bias: offset }),
            }),
        }),
      ),
  },
];
