import * as tf from '@tensorflow/tfjs-core';

import { free, inputOf, type KernelArguments } from '../kernel-adapter.js';
import {
  convolutionWindows,
  poolingWindows,
  type VolumeConvolution,
  type VolumePooling,
} from '../volume-windows.js';
import { adaptKernel, runKernel } from './adapt-kernel.js';

/** Lets volumes be convolved with dilations, which TensorFlow cannot on the CPU: with zeros between the filter's elements. */
export function allowDilatedVolumes(): void {
  adaptKernel(tf.Conv3D, (given, original) => {
    const { dilations = 1, ...attrs } = given.attrs;
    const steps = [0, 1, 2].map((axis) =>
      Array.isArray(dilations) ? Number(dilations[axis]) : Number(dilations),
    );
    if (steps.every((step) => step === 1)) return original(given);
    const filter = inputOf(given, 'filter');
    const wide = steps.reduce((narrow, step, axis) => {
      const spread = spreadAlong(given, narrow, axis, step);
      if (narrow !== filter) free(given.backend, narrow);
      return spread;
    }, filter);
    const inputs = { ...given.inputs, filter: wide };
    const result = original({
      ...given,
      inputs,
      attrs: { ...attrs, dilations: [1, 1, 1] },
    });
    free(given.backend, wide);
    return result;
  });
}

/** Refuses windows that are larger than their volumes: TensorFlow pools with them to empty tensors. */
export function refuseLargeWindows(): void {
  adaptKernel(tf.Conv3D, (given, original) => {
    const filter = inputOf(given, 'filter').shape;
    const how = given.attrs as unknown as VolumeConvolution;
    convolutionWindows(inputOf(given, 'x').shape, filter, how);
    return original(given);
  });
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
  const count = x.shape[axis] ?? 1;
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
    const [batch = 1, depth = 1, ...image] = x.shape;
    if (image.length !== 3) return original(given);
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
