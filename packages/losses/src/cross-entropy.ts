import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { Loss } from './loss.js';

/**
 * Cross-entropy against a distribution rather than a class: −Σⱼ targetⱼ · log softmax(logits)ⱼ over the last axis, its mean
 * over all others.
 *
 * @param logits  [B, ..., N]
 * @param targets [B, ..., N], or 1 in place of what lies between
 * @throws `ShapeError` when B or N differ: broadcasting would hide it
 */
export function softCrossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
): tf.Scalar {
  if (
    targets.shape[0] !== logits.shape[0] ||
    targets.shape.at(-1) !== logits.shape.at(-1)
  ) {
    throw new ShapeError(
      `targets of shape ${formatShape(targets.shape)} do not fit logits of shape ${formatShape(logits.shape)}, expected the same first and last axis`,
    );
  }
  const logLikelihood = tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1);
  return tf.neg(tf.mean(logLikelihood));
}

/** Cross-entropy of the classifier head, L_CE: mean over i of −Σₖ tᵢₖ log softmaxₖ(logitsᵢₖ). */
export function crossEntropy(): Loss {
  return {
    name: 'cross-entropy',
    needs: [],
    compute: ({ logits, targets }) => softCrossEntropy(logits, targets),
  };
}
