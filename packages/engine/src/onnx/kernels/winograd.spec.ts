import { float32, type NdArray, RandomStream, sizeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { cpuEngine } from '../../cpu-engine.js';
import { onnxEngine } from '../onnx-engine.js';
import { winogradFits } from './winograd.js';

const onnx = onnxEngine({ threads: 1 });
const cpu = cpuEngine();
afterAll(() => onnx.dispose());

function noise(name: string, shape: readonly number[]): NdArray<'float32'> {
  const random = new RandomStream(1, name);
  const values = Array.from({ length: sizeOf(shape) }, () =>
    random.uniform(-1, 1),
  );
  return float32(shape, values);
}

type Inputs = { readonly x: tf.Tensor; readonly w: tf.Tensor };

/** A convolution in PyTorch's layouts, and both of its gradients. */
const gradients = ({ inputs }: { readonly inputs: Inputs }) => {
  const weights = tf.tensor(noise('weights', [1]).data);
  const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor4D =>
    tf.conv2d(
      tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D,
      tf.transpose(w, [2, 3, 1, 0]) as tf.Tensor4D,
      1,
      1,
      'NHWC',
      1,
      'floor',
    );
  const y = convolve(inputs.x, inputs.w);
  const [dx, dw] = tf.grads((x, w) =>
    tf.sum(tf.mul(tf.square(convolve(x, w)), weights)),
  )([inputs.x, inputs.w]);
  return { outputs: { y, dx: dx as tf.Tensor, dw: dw as tf.Tensor } };
};

function largestError(found: NdArray, expected: NdArray): number {
  const [a, b] = [found.data, expected.data] as [Float32Array, Float32Array];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = b.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (a[i] ?? NaN))),
    0,
  );
  return error / largest;
}

describe('a 3×3 convolution by Winograd', () => {
  it.each([
    // Both axes at once, and one after the other; more rows than columns; odd numbers of channels.
    { batch: 16, input: 20, output: 17, height: 4, width: 4 },
    { batch: 8, input: 16, output: 19, height: 8, width: 8 },
    { batch: 9, input: 17, output: 16, height: 6, width: 10 },
    { batch: 16, input: 16, output: 16, height: 2, width: 6 },
  ])(
    'equals tfjs-cpu, with both gradients: %j',
    async ({ batch, input, output, height, width }) => {
      const inputs = {
        x: noise('x', [batch, input, height, width]),
        w: noise('w', [output, input, 3, 3]),
      };
      const info = tf.backend_util.computeConv2DInfo(
        [batch, height, width, input],
        [3, 3, input, output],
        1,
        1,
        1,
        'floor',
      );
      expect(winogradFits(info)).toBe(true);
      const expected = await cpu.compile(gradients).run(cpu.state({}), inputs);
      const found = await onnx.compile(gradients).run(onnx.state({}), inputs);
      for (const name of ['y', 'dx', 'dw'] as const) {
        expect(found[name].shape).toEqual(expected[name].shape);
        // The transforms add and subtract, so some digits more are lost than by a plain sum of products.
        expect(largestError(found[name], expected[name])).toBeLessThan(5e-6);
      }
    },
  );

  it.each([
    ['a stride of 2', [16, 8, 8, 32], [3, 3, 32, 32], 2, 1],
    ['no padding', [16, 8, 8, 32], [3, 3, 32, 32], 1, 0],
    ['an odd size', [16, 7, 8, 32], [3, 3, 32, 32], 1, 1],
    ['few channels', [16, 8, 8, 8], [3, 3, 8, 32], 1, 1],
    ['a single image', [1, 8, 8, 32], [3, 3, 32, 32], 1, 1],
    ['a 5×5 window', [16, 8, 8, 32], [5, 5, 32, 32], 1, 2],
    ['a large image', [16, 32, 32, 32], [3, 3, 32, 32], 1, 1],
  ] as const)('is not used with %s', (_, image, filter, stride, pad) => {
    const info = tf.backend_util.computeConv2DInfo(
      [...image],
      [...filter],
      stride,
      1,
      pad,
      'floor',
    );
    expect(winogradFits(info)).toBe(false);
  });
});
