import * as tf from '@tensorflow/tfjs-core';

/**
 * From what a layer has made, A, and the gradients ∂y/∂A of a class's logit y, to a map.
 *
 * @param activations [B, …places, C]
 * @param gradients   of the same shape
 * @returns at least 0, [B, …places]
 */
export type CamRule = (
  activations: tf.Tensor,
  gradients: tf.Tensor,
) => tf.Tensor;

/**
 * Grad-CAM: ReLU(Σₖ αₖ Aₖ), where αₖ is the mean of the gradient over the places.
 *
 * @see Selvaraju et al. 2017 (arXiv 1610.02391), equations 1 and 2
 */
export const gradCam: CamRule = (activations, gradients) =>
  weighted(activations, tf.mean(gradients, placesOf(gradients), true));

/**
 * Grad-CAM++: ReLU(Σₖ wₖ Aₖ), where wₖ = Σ α ReLU(∂y/∂A) and α = g² / (2 g² + ΣA · g³), with g the gradient at a place and ΣA
 * over all places. That is the paper's Y = exp(y), but for the factor exp(y), which all places share; where the denominator
 * is 0, it counts as 1, as there. It takes activations to be at least 0, which a ReLU makes them: `features` has none.
 *
 * @see Chattopadhay et al. 2018 (arXiv 1710.11063), equations 5 and 19
 */
export const gradCamPlusPlus: CamRule = (activations, gradients) => {
  const places = placesOf(gradients);
  const squared = tf.square(gradients);
  const denominator = tf.add(
    tf.mul(squared, 2),
    tf.mul(
      tf.sum(activations, places, true),
      tf.mul<tf.Tensor>(squared, gradients),
    ),
  );
  const divisor = tf.where(
    tf.equal(denominator, 0),
    tf.onesLike(denominator),
    denominator,
  );
  const alpha = tf.div(squared, divisor);
  const weights = tf.sum(tf.mul(alpha, tf.relu(gradients)), places, true);
  return weighted(activations, weights);
};

/** ReLU(Σₖ wₖ Aₖ), [B, …places]. */
function weighted(activations: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  return tf.relu(tf.sum(tf.mul(activations, weights), -1));
}

/** The axes between the batch's and the channels'. */
function placesOf({ rank }: tf.Tensor): number[] {
  return Array.from({ length: rank - 2 }, (_, i) => i + 1);
}
