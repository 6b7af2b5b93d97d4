import { formatShape, sameShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface WeightedCrossEntropyOptions {
  /** wₖ, [K]; left out: ones */
  readonly weights?: tf.Tensor1D;
  /** γ ≥ 0 of the focal factor (1 − p)^γ; default 0: none */
  readonly gamma?: number;
}

/**
 * Mean over i of −Σₖ tᵢₖ wₖ (1 − pᵢₖ)^γ log pᵢₖ, p = softmax(logits): what a class's probability costs, times how true that
 * class is. For a label it is −w_y (1 − p_y)^γ log p_y.
 *
 * @param logits  [B, K]
 * @param targets [B, K]
 * @throws `ShapeError` when their shapes differ: broadcasting would hide it
 */
export function weightedCrossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  { weights, gamma = 0 }: WeightedCrossEntropyOptions,
): tf.Scalar {
  if (!sameShape(logits.shape, targets.shape)) {
    throw new ShapeError(
      `targets of shape ${formatShape(targets.shape)} do not fit logits of shape ${formatShape(logits.shape)}, expected the same`,
    );
  }
  const weighted =
    weights === undefined ? targets : tf.mul<tf.Tensor2D>(targets, weights);
  const logLikelihoods = tf.logSoftmax(logits);
  const costs =
    gamma === 0
      ? logLikelihoods
      : tf.mul(tf.exp(tf.mul(logOthers(logits), gamma)), logLikelihoods);
  return tf.neg(tf.mean(tf.sum(tf.mul(weighted, costs), -1)));
}

/**
 * log (1 − softmax(logits)ₖ), from the logits of the other classes. 1 − p would be 0 in float32 where p is nearly 1, and a
 * power of 0 has no gradient for γ < 1.
 *
 * @returns [B, K]
 */
function logOthers(logits: tf.Tensor2D): tf.Tensor2D {
  const [, classes] = logits.shape;
  // Added to a class's own logit, so that its exponential vanishes beside any other.
  const itself = tf.mul(tf.eye(classes), -1e9);
  const others = tf.add<tf.Tensor3D>(tf.expandDims(logits, 1), itself); // [B, K, K]
  return tf.sub(
    tf.logSumExp<tf.Tensor2D>(others, -1),
    tf.logSumExp(logits, -1, true),
  );
}
