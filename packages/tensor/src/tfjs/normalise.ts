import * as tf from '@tensorflow/tfjs-core';

/** Vectors shorter than this are divided by it, as `torch.nn.functional.normalize` does. */
const shortest = 1e-12;

/**
 * Vectors of unit length along the last axis: x / max(‖x‖, 1e-12), as `torch.nn.functional.normalize`.
 *
 * The bound is put on the squared length: it is the same bound, and the gradient stays finite at x = 0, where that of a
 * square root is not.
 */
export function normalise<T extends tf.Tensor>(x: T): T {
  const squared = tf.sum(tf.square(x), -1, true);
  return tf.mul(x, tf.rsqrt(tf.maximum(squared, shortest ** 2)));
}
