import { float32, type NdArray, RandomStream, sizeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { cpuEngine } from '../../cpu-engine.js';
import { convolutionWindows } from '../../volume-windows.js';
import { planar } from '../../windows.js';
import { onnxEngine } from '../runtime/onnx-engine.js';
import { stridedFits } from './strided.js';

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

interface Form {
  readonly stride?: number | [number, number];
  readonly pad?: number | tf.backend_util.ExplicitPadding;
}

/** A convolution in PyTorch's layouts, and both of its gradients. */
const gradientsOf =
  ({ stride = 1, pad = 1 }: Form) =>
  ({ inputs }: { readonly inputs: Inputs }) => {
    const weights = tf.tensor(noise('weights', [1]).data);
    const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor4D =>
      tf.conv2d(
        tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D,
        tf.transpose(w, [2, 3, 1, 0]) as tf.Tensor4D,
        stride,
        pad,
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

/** Against tfjs-cpu, with both gradients. */
async function expectEqual(
  inputs: {
    readonly x: NdArray<'float32'>;
    readonly w: NdArray<'float32'>;
  },
  form: Form,
  tolerance: number,
): Promise<void> {
  const fn = gradientsOf(form);
  const expected = await cpu.compile(fn).run(cpu.state({}), inputs);
  const found = await onnx.compile(fn).run(onnx.state({}), inputs);
  for (const name of ['y', 'dx', 'dw'] as const) {
    expect(found[name].shape).toEqual(expected[name].shape);
    expect(largestError(found[name], expected[name])).toBeLessThan(tolerance);
  }
}

/** A convolution of volumes against tfjs-cpu, with both gradients. */
async function expectSameVolumes(
  image: readonly number[],
  filter: readonly number[],
  stride: number | [number, number, number],
  pad: 'valid' | 'same' | number,
): Promise<void> {
  const inputs = { x: noise('x', image), w: noise('w', filter) };
  const weights = tf.tensor(noise('weights', filter.slice(-1)).data);
  const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
    tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, stride, pad as 'same');
  const fn = ({ inputs: { x, w } }: { readonly inputs: Inputs }) => {
    const [dx, dw] = tf.grads((volumes, filters) =>
      tf.sum(tf.mul(tf.square(convolve(volumes, filters)), weights)),
    )([x, w]);
    return {
      outputs: {
        y: convolve(x, w),
        dx: dx as tf.Tensor,
        dw: dw as tf.Tensor,
      },
    };
  };
  const expected = await cpu.compile(fn).run(cpu.state({}), inputs);
  const found = await onnx.compile(fn).run(onnx.state({}), inputs);
  for (const name of ['y', 'dx', 'dw'] as const) {
    expect(found[name].shape).toEqual(expected[name].shape);
    expect(largestError(found[name], expected[name])).toBeLessThan(5e-6);
  }
}

describe('a 3×3 convolution by Winograd', () => {
  it.each([
    // Both axes at once, and one after the other; more rows than columns; odd numbers of channels; tiles of 2 and of 4.
    { batch: 32, input: 20, output: 17, height: 2, width: 2 },
    { batch: 9, input: 17, output: 16, height: 6, width: 10 },
    { batch: 16, input: 16, output: 16, height: 2, width: 6 },
    { batch: 32, input: 20, output: 17, height: 4, width: 4 },
    { batch: 16, input: 16, output: 19, height: 8, width: 8 },
    { batch: 16, input: 20, output: 17, height: 4, width: 4 },
    { batch: 11, input: 17, output: 16, height: 4, width: 12 },
    { batch: 4, input: 16, output: 18, height: 8, width: 32 },
  ])(
    'equals tfjs-cpu, with both gradients: %j',
    async ({ batch, input, output, height, width }) => {
      const info = tf.backend_util.computeConv2DInfo(
        [batch, height, width, input],
        [3, 3, input, output],
        1,
        1,
        1,
        'floor',
      );
      expect(winogradFits(info)).toBe(true);
      const x = noise('x', [batch, input, height, width]);
      const w = noise('w', [output, input, 3, 3]);
      // The transforms add and subtract, so some digits more are lost than by a plain sum of products.
      await expectEqual({ x, w }, {}, 5e-6);
    },
  );

  it.each([
    ['a stride of 2', [16, 8, 8, 32], [3, 3, 32, 32], 2, 1],
    ['no padding', [16, 8, 8, 32], [3, 3, 32, 32], 1, 0],
    ['an odd size', [16, 7, 8, 32], [3, 3, 32, 32], 1, 1],
    ['few channels', [16, 8, 8, 8], [3, 3, 8, 32], 1, 1],
    ['a single image', [1, 8, 8, 32], [3, 3, 32, 32], 1, 1],
    ['a 5×5 window', [16, 8, 8, 32], [5, 5, 32, 32], 1, 2],
    ['a large image', [16, 64, 32, 32], [3, 3, 32, 32], 1, 1],
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

describe('a convolution with strides, as products', () => {
  it.each([
    { image: [8, 8], window: [3, 3], form: { stride: 2, pad: 1 } },
    { image: [8, 6], window: [1, 1], form: { stride: 2, pad: 0 } },
    { image: [12, 8], window: [5, 5], form: { stride: 2, pad: 2 } },
    { image: [8, 8], window: [3, 3], form: { stride: [2, 1], pad: 1 } },
    // Pixels that no window reaches.
    { image: [9, 9], window: [2, 2], form: { stride: 3, pad: 0 } },
    // Windows beyond the image on one side only, and a last row that no window reaches.
    {
      image: [8, 8],
      window: [3, 3],
      form: {
        stride: 2,
        pad: [
          [0, 0],
          [2, 0],
          [0, 1],
          [0, 0],
        ],
      },
    },
    { image: [8, 8], window: [2, 2], form: { stride: 4, pad: 0 } },
  ] satisfies { image: number[]; window: number[]; form: Form }[])(
    'equals tfjs-cpu, with both gradients: %j',
    async ({ image, window, form }) => {
      const [height = 1, width = 1] = image;
      const [down = 1, across = 1] = window;
      const info = tf.backend_util.computeConv2DInfo(
        [3, height, width, 17],
        [down, across, 17, 16],
        form.stride,
        1,
        form.pad,
        'floor',
      );
      expect(stridedFits(planar(info))).toBe(true);
      const x = noise('x', [3, 17, height, width]);
      const w = noise('w', [16, 17, down, across]);
      await expectEqual({ x, w }, form, 2e-6);
    },
  );

  it.each([
    { volume: [4, 8, 6], window: [3, 3, 3], stride: 2, pad: 1 },
    { volume: [4, 4, 4], window: [1, 1, 1], stride: 2, pad: 0 },
    { volume: [4, 6, 4], window: [1, 3, 2], stride: [1, 3, 2], pad: 'same' },
    // Pixels that no window reaches, and places on one side only.
    { volume: [6, 3, 4], window: [2, 1, 3], stride: [3, 3, 2], pad: 'valid' },
  ] satisfies {
    volume: [number, number, number];
    window: [number, number, number];
    stride: number | [number, number, number];
    pad: 'valid' | 'same' | number;
  }[])(
    'equals tfjs-cpu in volumes, with both gradients: %j',
    async ({ volume, window, stride, pad }) => {
      const [image, filter] = [
        [2, ...volume, 17],
        [...window, 17, 16],
      ];
      const form = { strides: stride, pad };
      expect(stridedFits(convolutionWindows(image, filter, form))).toBe(true);
      await expectSameVolumes(image, filter, stride, pad);
    },
  );

  it.each([
    ['a stride of 1', [16, 8, 8, 32], [3, 3, 32, 32], 1, 1],
    [
      'a size that is not a multiple of the stride',
      [16, 7, 8, 32],
      [3, 3, 32, 32],
      2,
      1,
    ],
    ['few channels', [16, 8, 8, 3], [3, 3, 3, 32], 2, 1],
  ] as const)('is not used with %s', (_, image, filter, stride, pad) => {
    const info = tf.backend_util.computeConv2DInfo(
      [...image],
      [...filter],
      stride,
      1,
      pad,
      'floor',
    );
    expect(stridedFits(planar(info))).toBe(false);
  });
});

describe('the filter gradient of volumes, by rows', () => {
  it.each([
    { volume: [8, 16, 16], window: [3, 3, 3], stride: 1, pad: 1 },
    { volume: [16, 9, 18], window: [1, 2, 2], stride: 1, pad: 'valid' },
    { volume: [32, 8, 17], window: [3, 1, 4], stride: [2, 1, 1], pad: 'same' },
    { volume: [8, 18, 20], window: [1, 1, 3], stride: 1, pad: 2 },
  ] satisfies {
    volume: [number, number, number];
    window: [number, number, number];
    stride: number | [number, number, number];
    pad: 'valid' | 'same' | number;
  }[])(
    'equals that of tfjs-cpu: %j',
    async ({ volume, window, stride, pad }) => {
      const [image, filter] = [
        [2, ...volume, 2],
        [...window, 2, 3],
      ];
      const { axes } = convolutionWindows(image, filter, {
        strides: stride,
        pad,
      });
      // From so many on, rows are taken.
      expect(2 * sizeOf(axes.map(({ places }) => places))).toBeGreaterThan(
        4095,
      );
      await expectSameVolumes(image, filter, stride, pad);
    },
  );
});
