import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { exactly } from '../exactly.js';
import { free, inputOf, type KernelArguments } from '../kernel-adapter.js';
import {
  convolutionWindows,
  poolingWindows,
  type VolumeConvolution,
  type VolumePooling,
} from '../volume-windows.js';
import { endOfWindows, type WindowAxis } from '../windows.js';
import { adaptKernel, runKernel } from './adapt-kernel.js';

/**
 * Lets volumes be convolved with any padding and with dilations, which TensorFlow cannot on the CPU: with zeros around them,
 * and between the filter's elements.
 *
 * Along an axis with a single place, volumes are cut to its window, and the stride is 1: there, oneDNN gives wrong sums of a
 * single channel for longer ones.
 */
export function convolveVolumes(): void {
  adaptKernel(tf.Conv3D, (given, original) => {
    const { backend, attrs } = given;
    const filter = inputOf(given, 'filter');
    const x = inputOf(given, 'x');
    const how = attrs as unknown as VolumeConvolution;
    const { axes } = convolutionWindows(x.shape, filter.shape, how);
    const volumes = withMargins(given, x, axes);
    const wide = axes.reduce((narrow, { dilation }, axis) => {
      const spread = spreadAlong(given, narrow, axis, dilation);
      if (narrow !== filter) free(backend, narrow);
      return spread;
    }, filter);
    const result = original({
      inputs: { x: volumes, filter: wide },
      attrs: {
        ...attrs,
        pad: 'valid',
        dilations: axes.map(() => 1),
        strides: axes.map(({ places, stride }) => (places === 1 ? 1 : stride)),
      },
      backend,
    });
    free(backend, volumes);
    free(backend, wide);
    return result;
  });
}

/** Volumes with the zeros that the windows need, without what lies behind the last one; a tensor of its own. */
function withMargins(
  { backend }: KernelArguments,
  x: tf.TensorInfo,
  axes: readonly WindowAxis[],
): tf.TensorInfo {
  const paddings = [
    [0, 0],
    ...axes.map(({ before, after }) => [before, after]),
    [0, 0],
  ];
  const padded = runKernel(tf.PadV2, {
    inputs: { x },
    attrs: { paddings, constantValue: 0 },
    backend,
  });
  const size = x.shape.map((length, i) => {
    const axis = axes[i - 1];
    return axis === undefined ? length : axis.before + endOfWindows(axis);
  });
  const cut = runKernel(tf.Slice, {
    inputs: { x: padded },
    attrs: { begin: size.map(() => 0), size },
    backend,
  });
  free(backend, padded);
  return cut;
}

/** Refuses pooling windows that are larger than their volumes: TensorFlow gives empty tensors. */
export function refuseLargeWindows(): void {
  for (const name of [tf.MaxPool3D, tf.AvgPool3D]) {
    adaptKernel(name, (given, original) => {
      const how = given.attrs as unknown as VolumePooling;
      poolingWindows(inputOf(given, 'x').shape, how);
      return original(given);
    });
  }
}

/** Zeros between the elements along an axis, `step` − 1 of them; a tensor of its own. */
function spreadAlong(
  { backend }: KernelArguments,
  x: tf.TensorInfo,
  axis: number,
  step: number,
): tf.TensorInfo {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const count = at(x.shape, axis);
  const run = (
    name: string,
    given: tf.TensorInfo,
    attrs: tf.NamedAttrMap,
  ): tf.TensorInfo => runKernel(name, { inputs: { x: given }, attrs, backend });
  const apart = run(tf.Reshape, x, { shape: [...before, count, 1, ...after] });
  const paddings = apart.shape.map((_, i) => [
    0,
    i === axis + 1 ? step - 1 : 0,
  ]);
  const padded = run(tf.PadV2, apart, { paddings, constantValue: 0 });
  const merged = run(tf.Reshape, padded, {
    shape: [...before, count * step, ...after],
  });
  // The last element needs none after it.
  const size = [...before, (count - 1) * step + 1, ...after];
  const begin = size.map(() => 0);
  const result = run(tf.Slice, merged, { begin, size });
  for (const info of [apart, padded, merged]) free(backend, info);
  return result;
}

/** Lets volumes be normalised by their channels' statistics, which TensorFlow does for images. */
export function allowNormalisedVolumes(): void {
  adaptKernel(tf.FusedBatchNorm, (given, original) => {
    const x = inputOf(given, 'x');
    if (x.shape.length !== 5) return original(given);
    const [batch, depth, ...image] = exactly(x.shape, 5);
    const { backend, inputs } = given;
    const reshaped = (from: tf.TensorInfo, shape: number[]): tf.TensorInfo =>
      runKernel(tf.Reshape, {
        inputs: { x: from },
        attrs: { shape },
        backend,
      });
    const images = reshaped(x, [batch * depth, ...image]);
    const result = original({ ...given, inputs: { ...inputs, x: images } });
    const volumes = reshaped(result, x.shape);
    free(backend, images);
    free(backend, result);
    return volumes;
  });
}
