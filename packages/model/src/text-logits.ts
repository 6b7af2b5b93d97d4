import * as tf from '@tensorflow/tfjs-core';

/**
 * Classification by texts: how near a nodule is to the text of each class, the mean over its T channel groups of
 * s · fᵢₜ · cᵢₖ. With one group this is CLIP's own way; with a fixed template, its zero-shot classifier. L_IC asks the same of
 * every group by itself.
 *
 * @param groups  fᵢₜ: normalised channel-group features, [B, T, D]
 * @param classes cᵢₖ: normalised class text features, [B, K, D], or [1, K, D] where all nodules share them
 * @param scale   s, scalar
 * @returns logits, [B, K]
 * @see Radford et al. 2021 (arXiv 2103.00020), §3.1.2
 */
export function textLogits(
  groups: tf.Tensor3D,
  classes: tf.Tensor3D,
  scale: tf.Scalar,
): tf.Tensor2D {
  // The mean of the cosines is the product with the mean of the groups.
  const mean = tf.mean<tf.Tensor3D>(groups, 1, true);
  return tf.mul(scale, tf.sum<tf.Tensor2D>(tf.mul(mean, classes), 2));
}
