import { lungWindow, perHu } from '@clip-lung/lidc';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What a batch has, `windowed` of `@clip-lung/lidc`, with tfjs's operations: they become part of an exported model, which is
 * given HU as they are.
 *
 * @param hu of any shape, float32
 * @returns 0..1, of the same shape
 */
export function windowedImages(hu: tf.Tensor): tf.Tensor {
  const scaled = tf.mul(tf.sub(hu, lungWindow.low), perHu(lungWindow));
  return tf.minimum(tf.maximum(scaled, 0), 1);
}
