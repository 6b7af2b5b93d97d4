import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean over the M attributes of similarities times the attribute weights: how the published code reduces them.
 *
 * @param similarities [B, N, M]
 * @param weights      [B, M]
 * @returns [B, N]
 * @throws `ShapeError` when B or M differ: broadcasting would hide it
 */
export function weighedMean(
  similarities: tf.Tensor3D,
  weights: tf.Tensor2D,
): tf.Tensor2D {
  const [batch, , attributes] = similarities.shape;
  if (weights.shape[0] !== batch || weights.shape[1] !== attributes) {
    throw new ShapeError(
      `attribute weights of shape ${formatShape(weights.shape)} do not fit similarities of shape ${formatShape(similarities.shape)}, expected [${batch}, ${attributes}]`,
    );
  }
  return tf.mean(tf.mul(similarities, tf.expandDims(weights, 1)), -1);
}
