import { formatShape, sameShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { Loss } from './loss.js';

/**
 * Cross-entropy of the K−1 questions "is it above class k?": mean over i of
 *
 * −Σₖ Tᵢₖ log P(y > k) + (1 − Tᵢₖ) log P(y ≤ k), k = 0 … K−2, where Tᵢₖ = Σⱼ﹥ₖ tᵢⱼ.
 *
 * A probability in the wrong place costs more the further away it is. The probabilities are sums of softmax(logits), so the
 * answers never contradict each other.
 *
 * @see Zhu et al., Convolutional ordinal regression forest for image ordinal estimation, TNNLS 2021 (arXiv 2008.03077)
 */
export function ordinalCrossEntropy(): Loss {
  return {
    name: 'ordinal-cross-entropy',
    needs: ['ordered-classes'],
    compute({ logits, targets }) {
      if (!sameShape(logits.shape, targets.shape)) {
        throw new ShapeError(
          `targets of shape ${formatShape(targets.shape)} do not fit logits of shape ${formatShape(logits.shape)}, expected the same`,
        );
      }
      const [, classes] = logits.shape;
      const all = tf.logSumExp<tf.Tensor1D>(logits, 1);
      const logProbability = (from: number, to: number): tf.Tensor1D =>
        tf.sub(tf.logSumExp(columns(logits, from, to), 1), all);
      const answers = Array.from({ length: classes - 1 }, (_, k) => {
        const above = tf.sum(columns(targets, k + 1, classes), 1);
        const below = tf.sum(columns(targets, 0, k + 1), 1);
        return tf.add<tf.Tensor1D>(
          tf.mul(above, logProbability(k + 1, classes)),
          tf.mul(below, logProbability(0, k + 1)),
        );
      });
      return tf.neg(tf.mean(tf.addN(answers)));
    },
  };
}

function columns(rows: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
  return tf.slice2d(rows, [0, from], [-1, to - from]);
}
