import * as tf from '@tensorflow/tfjs-core';

import {
  free,
  inputOf,
  type KernelArguments,
  type RunKernel,
} from '../kernel-adapter.js';
import { maxPool3dGradient } from '../max-pool-3d-gradient.js';
import { adaptKernel, runKernel } from './adapt-kernel.js';
import {
  type Padding,
  paddingOf,
  poolOf,
  type Window,
  windowOf,
} from './padding-amounts.js';

/**
 * Lets convolutions and pooling take a number or a list as their padding, as PyTorch's do. tfjs-node takes `same` and
 * `valid` only: here the images are padded first, and the gradients cut to size.
 */
export function allowExplicitPadding(): void {
  const filtered = (filterName: string) => (given: KernelArguments) =>
    windowOf(given, inputOf(given, filterName).shape);
  for (const name of [
    tf.Conv2D,
    tf.FusedConv2D,
    tf.DepthwiseConv2dNative,
    tf.FusedDepthwiseConv2D,
  ]) {
    padFirst(name, 'x', filtered('filter'), 0);
  }
  for (const name of [
    tf.Conv2DBackpropFilter,
    tf.DepthwiseConv2dNativeBackpropFilter,
    tf.Conv3DBackpropFilterV2,
  ]) {
    const shaped = (given: KernelArguments): Window =>
      windowOf(given, given.attrs['filterShape'] as number[]);
    padFirst(name, 'x', shaped, 0);
  }
  for (const name of [
    tf.Conv2DBackpropInput,
    tf.DepthwiseConv2dNativeBackpropInput,
    tf.Conv3DBackpropInputV2,
  ]) {
    cutInputGradient(name, filtered('filter'));
  }
  // It is made of the gradient in images, which is adapted here.
  adaptKernel(tf.MaxPool3DGrad, (given) => maxPool3dGradient(given, runKernel));
  for (const name of [tf.MaxPool, tf.MaxPool3D]) {
    padFirst(name, 'x', poolOf, -Infinity);
  }
  for (const name of [tf.AvgPool, tf.AvgPool3D]) meanOfInside(name);
  poolGradient(tf.MaxPoolGrad, 'input', -Infinity, isExplicit);
  for (const name of [tf.AvgPoolGrad, tf.AvgPool3DGrad]) {
    poolGradient(name, 'input', 0, hasMargins);
  }
}

type WindowOf = (given: KernelArguments) => Window;

const isExplicit = ({ attrs }: KernelArguments): boolean =>
  typeof attrs['pad'] !== 'string';

// tfjs divides the gradient of a mean by the whole window, margins included, where TensorFlow does not.
const hasMargins = ({ attrs }: KernelArguments): boolean =>
  attrs['pad'] !== 'valid';

/**
 * For which paddings TensorFlow's own kernel does not do. In volumes `same` is one of them: without oneDNN, TensorFlow lets
 * it begin behind the first voxel where strides are longer than windows.
 */
function isOursFor(kernelName: string): (given: KernelArguments) => boolean {
  return kernelName.includes('3D') ? hasMargins : isExplicit;
}

const valid = (attrs: tf.NamedAttrMap): tf.NamedAttrMap => ({
  ...attrs,
  pad: 'valid',
  dimRoundingMode: undefined as unknown as string,
});

/** Pads the images, and goes on without padding. */
function padFirst(
  kernelName: string,
  input: string,
  windowIn: WindowOf,
  value: number,
): void {
  const isOurs = isOursFor(kernelName);
  adaptKernel(kernelName, (given, original) => {
    if (!isOurs(given)) return original(given);
    const images = inputOf(given, input);
    const padding = paddingOf(given, images.shape, windowIn(given));
    return withPadded(given, images, padding, value, (padded) =>
      original({
        ...given,
        inputs: { ...given.inputs, [input]: padded },
        attrs: valid(given.attrs),
      }),
    );
  });
}

/** The gradient of the padded images, without its margins. */
function cutInputGradient(kernelName: string, windowIn: WindowOf): void {
  const isOurs = isOursFor(kernelName);
  adaptKernel(kernelName, (given, original) => {
    if (!isOurs(given)) return original(given);
    const shape = given.attrs['inputShape'] as number[];
    const padding = paddingOf(given, shape, windowIn(given));
    const attrs = { ...valid(given.attrs), inputShape: [...padding.padded] };
    return cut(given, original({ ...given, attrs }), shape, padding);
  });
}

/** @param isOurs for which paddings TensorFlow's own gradient does not do */
function poolGradient(
  kernelName: string,
  input: string,
  value: number,
  isOurs: (given: KernelArguments) => boolean,
): void {
  adaptKernel(kernelName, (given, original) => {
    if (!isOurs(given)) return original(given);
    const images = inputOf(given, input);
    const padding = paddingOf(given, images.shape, poolOf(given));
    const wide = withPadded(given, images, padding, value, (padded) =>
      original({
        ...given,
        inputs: { ...given.inputs, [input]: padded },
        attrs: valid(given.attrs),
      }),
    );
    return cut(given, wide, images.shape, padding);
  });
}

/** The margins count for nothing in a mean: it is divided by that of ones, which are 0 in the margins. */
function meanOfInside(kernelName: string): void {
  const isOurs = isOursFor(kernelName);
  adaptKernel(kernelName, (given, original) => {
    if (!isOurs(given)) return original(given);
    const images = inputOf(given, 'x');
    const padding = paddingOf(given, images.shape, poolOf(given));
    const mean = (x: tf.TensorInfo): tf.TensorInfo =>
      withPadded(given, x, padding, 0, (padded) =>
        original({
          ...given,
          inputs: { x: padded },
          attrs: valid(given.attrs),
        }),
      );
    const { backend } = given;
    const ones = runKernel(tf.OnesLike, { ...given, inputs: { x: images } });
    const sums = mean(images);
    const shares = mean(ones);
    const inputs = { a: sums, b: shares };
    const result = runKernel(tf.RealDiv, { inputs, attrs: {}, backend });
    for (const info of [ones, sums, shares]) free(backend, info);
    return result;
  });
}

function withPadded(
  { backend }: KernelArguments,
  x: tf.TensorInfo,
  { amounts }: Padding,
  constantValue: number,
  use: RunOn,
): tf.TensorInfo {
  const paddings = amounts.map((amount) => [...amount]);
  const padded = runKernel(tf.PadV2, {
    inputs: { x },
    attrs: { paddings, constantValue },
    backend,
  });
  try {
    return use(padded);
  } finally {
    free(backend, padded);
  }
}

type RunOn = (x: tf.TensorInfo) => ReturnType<RunKernel>;

function cut(
  { backend }: KernelArguments,
  wide: tf.TensorInfo,
  size: readonly number[],
  { amounts }: Padding,
): tf.TensorInfo {
  const begin = amounts.map(([before]) => before);
  const attrs = { begin, size: [...size] };
  const result = runKernel(tf.Slice, { inputs: { x: wide }, attrs, backend });
  free(backend, wide);
  return result;
}
