import { at } from '@clip-lung/tensor';
import '@tensorflow/tfjs-backend-cpu';

import * as tf from '@tensorflow/tfjs-core';

import {
  free,
  inputOf,
  type KernelArguments,
  kernelAdapter,
  type RunKernel,
} from './kernel-adapter.js';
import { maxPool3dGradient } from './max-pool-3d-gradient.js';
import {
  convolutionWindows,
  poolingWindows,
  type VolumeConvolution,
  type VolumePooling,
} from './volume-windows.js';
import { endOfWindows, type Windows } from './windows.js';

/*
 * tfjs-cpu's kernels of volumes, where they err. With strides that are longer than windows, `same` lets them begin behind
 * the first pixel (its images, and TensorFlow, begin with it): here, what no window reaches is cut off first. A window that
 * does not fit into a volume is refused. Max-pooling has another gradient (`max-pool-3d-gradient.ts`).
 */

const { adaptKernel, runKernel } = kernelAdapter('cpu');

type WindowsOf = (given: KernelArguments) => Windows;

const convolved =
  (shapesOf: (given: KernelArguments) => [number[], number[]]): WindowsOf =>
  (given) =>
    convolutionWindows(
      ...shapesOf(given),
      given.attrs as unknown as VolumeConvolution,
    );

const pooled =
  (input: string): WindowsOf =>
  (given) =>
    poolingWindows(
      inputOf(given, input).shape,
      given.attrs as unknown as VolumePooling,
    );

/** Volumes cut to those pixels which windows reach, for a kernel that reads them. */
function withVolumes(
  given: KernelArguments,
  input: string,
  reached: readonly number[],
  use: (given: KernelArguments) => tf.TensorInfo,
): tf.TensorInfo {
  const { backend, inputs } = given;
  const x = inputOf(given, input);
  const attrs = { begin: x.shape.map(() => 0), size: inside(x.shape, reached) };
  const cut = runKernel(tf.Slice, { inputs: { x }, attrs, backend });
  const result = use({ ...given, inputs: { ...inputs, [input]: cut } });
  free(backend, cut);
  return result;
}

/** A gradient of cut volumes with the pixels that no window reaches, where it is 0. */
function withRest(
  { backend }: KernelArguments,
  x: tf.TensorInfo,
  { axes }: Windows,
): tf.TensorInfo {
  const paddings = [
    [0, 0],
    ...axes.map(({ length }, i) => [0, length - at(x.shape, i + 1)]),
    [0, 0],
  ];
  const attrs = { paddings, constantValue: 0 };
  const whole = runKernel(tf.PadV2, { inputs: { x }, attrs, backend });
  free(backend, x);
  return whole;
}

const inside = (shape: readonly number[], reached: readonly number[]) => [
  at(shape, 0),
  ...reached,
  at(shape, 4),
];

/** How a kernel is run on volumes that are cut. */
type RunCut = (
  given: KernelArguments,
  original: RunKernel,
  reached: readonly number[],
  windows: Windows,
) => tf.TensorInfo;

function cutFirst(
  kernelName: string,
  windowsOf: WindowsOf,
  runCut: RunCut,
): void {
  adaptKernel(kernelName, (given, original) => {
    const windows = windowsOf(given);
    const ends = windows.axes.map((axis) =>
      Math.min(axis.length, endOfWindows(axis)),
    );
    const shorter = windows.axes.some(
      ({ length }, axis) => length !== ends[axis],
    );
    return given.attrs['pad'] === 'same' && shorter
      ? runCut(given, original, ends, windows)
      : original(given);
  });
}

const reading =
  (input: string): RunCut =>
  (given, original, reached) =>
    withVolumes(given, input, reached, original);

cutFirst(
  tf.Conv3D,
  convolved((given) => [
    inputOf(given, 'x').shape,
    inputOf(given, 'filter').shape,
  ]),
  reading('x'),
);
cutFirst(
  tf.Conv3DBackpropFilterV2,
  convolved((given) => [
    inputOf(given, 'x').shape,
    given.attrs['filterShape'] as number[],
  ]),
  reading('x'),
);
cutFirst(
  tf.Conv3DBackpropInputV2,
  convolved((given) => [
    given.attrs['inputShape'] as number[],
    inputOf(given, 'filter').shape,
  ]),
  (given, original, reached, windows) => {
    const inputShape = inside(given.attrs['inputShape'] as number[], reached);
    const attrs = { ...given.attrs, inputShape };
    return withRest(given, original({ ...given, attrs }), windows);
  },
);
for (const name of [tf.MaxPool3D, tf.AvgPool3D]) {
  cutFirst(name, pooled('x'), reading('x'));
}
cutFirst(
  tf.AvgPool3DGrad,
  pooled('input'),
  (given, original, reached, windows) =>
    withRest(given, withVolumes(given, 'input', reached, original), windows),
);
adaptKernel(tf.MaxPool3DGrad, (given) => maxPool3dGradient(given, runKernel));
