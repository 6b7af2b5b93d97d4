import * as tf from '@tensorflow/tfjs-core';

import {
  free,
  inputOf,
  type KernelArguments,
  type RunNamedKernel,
} from './kernel-adapter.js';
import { poolingWindows, type VolumePooling } from './volume-windows.js';
import type { WindowAxis } from './windows.js';

/**
 * The gradient of max-pooling in volumes, from that in images: the greatest of a window is the greatest of its slices'
 * greatest. So slices are pooled as images [B·D, H, W, C], and what comes of them along the depth as images
 * [B, D, H'·W', C]. A window's gradient goes to its greatest element; of equals, to the first one, as in PyTorch, and as in
 * tfjs's images.
 *
 * tfjs-cpu's own kernel looks for the greatest element in a wrong place where a window's height and width differ, and takes
 * the last of equals; TensorFlow's gives every one of them the whole gradient.
 */
export function maxPool3dGradient(
  given: KernelArguments,
  runKernel: RunNamedKernel,
): tf.TensorInfo {
  const { backend, attrs } = given;
  const volumes = inputOf(given, 'input');
  const [batch, depth, height, width, channels] = volumes.shape as [
    number,
    number,
    number,
    number,
    number,
  ];
  const { axes } = poolingWindows(
    volumes.shape,
    attrs as unknown as VolumePooling,
  );
  const [along, down, across] = axes as [WindowAxis, WindowAxis, WindowAxis];

  const made: tf.TensorInfo[] = [];
  const run = (
    name: string,
    inputs: tf.NamedTensorInfoMap,
    attributes: tf.NamedAttrMap,
  ): tf.TensorInfo => {
    const info = runKernel(name, { inputs, attrs: attributes, backend });
    made.push(info);
    return info;
  };
  const viewed = (x: tf.TensorInfo, shape: number[]): tf.TensorInfo =>
    run(tf.Reshape, { x }, { shape });

  const images = viewed(volumes, [batch * depth, height, width, channels]);
  const inPlane = windowsOf(down, across);
  const slices = run(tf.MaxPool, { x: images }, inPlane);
  const flat = down.places * across.places;
  const stacks = viewed(slices, [batch, depth, flat, channels]);
  const throughDepth = windowsOf(along, single(flat));
  const greatest = run(tf.MaxPool, { x: stacks }, throughDepth);
  const dy = viewed(inputOf(given, 'dy'), [
    batch,
    along.places,
    flat,
    channels,
  ]);
  const ofStacks = run(
    tf.MaxPoolGrad,
    { dy, input: stacks, output: greatest },
    throughDepth,
  );
  const ofSlices = run(
    tf.MaxPoolGrad,
    { dy: viewed(ofStacks, slices.shape), input: images, output: slices },
    inPlane,
  );
  const result = runKernel(tf.Reshape, {
    inputs: { x: ofSlices },
    attrs: { shape: volumes.shape },
    backend,
  });
  for (const info of made) free(backend, info);
  return result;
}

/** The attributes of pooling in images. */
function windowsOf(rows: WindowAxis, columns: WindowAxis): tf.NamedAttrMap {
  return {
    filterSize: [rows.size, columns.size],
    strides: [rows.stride, columns.stride],
    pad: [
      [0, 0],
      [rows.before, rows.after],
      [columns.before, columns.after],
      [0, 0],
    ],
    dimRoundingMode: 'floor',
  };
}

/** Windows of one element, beside each other. */
function single(length: number): WindowAxis {
  return {
    length,
    places: length,
    size: 1,
    stride: 1,
    dilation: 1,
    before: 0,
    after: 0,
  };
}
