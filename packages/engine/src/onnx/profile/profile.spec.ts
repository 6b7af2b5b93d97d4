import { float32 } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { formatProfile, profile } from './profile.js';

const zeros = (shape: readonly number[]): ReturnType<typeof float32> =>
  float32(
    shape,
    new Float32Array(shape.reduce((product, length) => product * length, 1)),
  );

describe('profiling a function', () => {
  it('counts nodes, FLOPs and bytes, and measures where the time goes', async () => {
    const found = await profile(
      ({
        inputs,
      }: {
        readonly inputs: { readonly a: tf.Tensor; readonly b: tf.Tensor };
      }) => ({ outputs: { y: tf.relu(tf.matMul(inputs.a, inputs.b)) } }),
      {
        state: {},
        inputs: { a: zeros([64, 32]), b: zeros([32, 48]) },
        frozen: {},
      },
      { threads: 1, runs: 2 },
    );
    const product = found.kinds.find(({ op }) => op === 'Gemm');
    expect(product).toMatchObject({
      nodes: 1,
      flops: 2 * 64 * 32 * 48,
      bytes: 4 * (64 * 32 + 32 * 48 + 64 * 48),
    });
    // Gemm and Relu.
    expect(found.nodes).toBe(2);
    expect(found.milliseconds).toBeGreaterThan(0);
    expect(formatProfile(found)).toMatch(/^all\s+2 /m);
  });

  it.each([
    ['a convolution', 2 * (2 * 8 * 8 * 5) * (3 * 3 * 4)],
    ['its transposition', 2 * (2 * 8 * 8 * 5) * (3 * 3 * 4)],
  ] as const)('counts the FLOPs of %s by hand', async (name, flops) => {
    const found = await profile(
      ({
        inputs: { x, w },
      }: {
        readonly inputs: { readonly x: tf.Tensor; readonly w: tf.Tensor };
      }) => ({
        outputs: {
          y:
            name === 'a convolution'
              ? tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')
              : tf.conv2dTranspose(
                  x as tf.Tensor4D,
                  w as tf.Tensor4D,
                  [2, 16, 16, 4],
                  2,
                  'same',
                ),
        },
      }),
      {
        state: {},
        inputs: {
          x: zeros([2, 8, 8, name === 'a convolution' ? 4 : 5]),
          w: zeros([3, 3, 4, 5]),
        },
        frozen: {},
      },
      { threads: 1, runs: 1 },
    );
    const heavy = found.kinds.filter(({ op }) => op.startsWith('Conv'));
    expect(heavy.reduce((sum, kind) => sum + kind.flops, 0)).toBe(flops);
  });
});
