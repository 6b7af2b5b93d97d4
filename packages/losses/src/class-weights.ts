import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Weights of classes by their effective numbers, (1 − βⁿ) / (1 − β) for a class of n samples: the weights are their inverses,
 * scaled so that they add up to K. Equal counts give ones; β = 0 gives ones, too; β → 1 gives inverse frequencies. A class
 * without samples has no weight.
 *
 * @param counts nₖ, float32 [K]
 * @param beta   0 ≤ β < 1
 * @returns [K]
 * @see Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019 (arXiv 1901.05555), equation 2
 */
export function effectiveNumberWeights(
  counts: tf.Tensor1D,
  beta: number,
): tf.Tensor1D {
  // log 0 would be −∞; e⁻¹⁰⁰ is 0 beside 1 all the same.
  const logBeta = Math.max(Math.log(beta), -100);
  // 1 − βⁿ, without the difference of nearly equal numbers that a β close to 1 would make of it
  return normalisedInverse(counts, tf.neg(tf.expm1(tf.mul(counts, logBeta))));
}

/**
 * Weights of classes by the inverse of their frequency, scaled so that they add up to K. A class without samples has none.
 *
 * @param counts nₖ, float32 [K]
 * @returns [K]
 */
export function inverseFrequencyWeights(counts: tf.Tensor1D): tf.Tensor1D {
  return normalisedInverse(counts, counts);
}

function normalisedInverse(
  counts: tf.Tensor1D,
  sizes: tf.Tensor1D,
): tf.Tensor1D {
  const some = tf.greater(counts, 0);
  const inverse = tf.where(
    some,
    tf.div<tf.Tensor1D>(1, tf.where(some, sizes, tf.onesLike(sizes))),
    tf.zerosLike(sizes),
  );
  const [classes] = counts.shape;
  return tf.mul(inverse, tf.div(classes, tf.sum(inverse)));
}

/** @throws `ShapeError` when there are not as many weights, or counts, as classes */
export function checkClasses(
  what: string,
  weights: { readonly shape: readonly number[] },
  logits: tf.Tensor2D,
): void {
  if (weights.shape.length !== 1 || weights.shape[0] !== logits.shape[1]) {
    throw new ShapeError(
      `${what} are ${formatShape(weights.shape)}, expected [${logits.shape[1]}], one for each class of the logits`,
    );
  }
}
