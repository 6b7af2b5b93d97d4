import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A convolution without bias, padded so that a stride of 1 keeps the size: 1 for a window of 3, 0 for one of 1, at any stride,
 * as in PyTorch's ResNet (not tfjs's `same`, which pads a stride of 2 on one side only).
 *
 * @param x      images [B, H, W, I] or volumes [B, D, H, W, I]
 * @param weight [O, I, …window], PyTorch's layout
 * @returns [B, ⌈H / stride⌉, ⌈W / stride⌉, O], and so of volumes
 */
export function convolution<T extends tf.Tensor4D | tf.Tensor5D>(
  x: T,
  weight: tf.Tensor,
  stride: number,
): T {
  const [, , ...window] = weight.shape;
  const filter = tf.transpose(weight, [...window.map((_, i) => i + 2), 1, 0]);
  const padding = (at(window, 0) - 1) / 2;
  return (
    x.rank === 5
      ? tf.conv3d(
          x as tf.Tensor5D,
          filter as tf.Tensor5D,
          stride,
          // It takes a number as tf.conv2d does, but its type does not say so.
          padding as unknown as 'same',
        )
      : tf.conv2d(
          x as tf.Tensor4D,
          filter as tf.Tensor4D,
          stride,
          padding,
          'NHWC',
          1,
          'floor',
        )
  ) as T;
}

/** [B, C, H, W] to [B, H, W, C]. */
export function channelsLast(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 2, 3, 1]);
}

/** [B, H, W, C] to [B, C, H, W]. */
export function channelsFirst(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 3, 1, 2]);
}
