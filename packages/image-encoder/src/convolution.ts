import * as tf from '@tensorflow/tfjs-core';

/**
 * A convolution without bias, padded so that a stride of 1 keeps the size: 1 for a 3×3 window, 0 for 1×1, at any stride, as
 * in PyTorch's ResNet (not tfjs's `same`, which pads a stride of 2 on one side only).
 *
 * @param x      [B, H, W, I]
 * @param weight [O, I, window, window], PyTorch's layout
 * @returns [B, ⌈H / stride⌉, ⌈W / stride⌉, O]
 */
export function convolution(
  x: tf.Tensor4D,
  weight: tf.Tensor,
  stride: number,
): tf.Tensor4D {
  const filter = tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D;
  const padding = ((weight.shape[2] ?? 1) - 1) / 2;
  return tf.conv2d(x, filter, stride, padding, 'NHWC', 1, 'floor');
}

/** [B, C, H, W] to [B, H, W, C]. */
export function channelsLast(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 2, 3, 1]);
}

/** [B, H, W, C] to [B, C, H, W]. */
export function channelsFirst(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 3, 1, 2]);
}
