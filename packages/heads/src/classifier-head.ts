import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** What every head must fit. */
export interface HeadOptions {
  /** K */
  readonly classes: number;
  /** inputs of the linear layer: 16 for each of the G feature maps */
  readonly features: number;
}

/** From feature maps to the logits of K classes: a pair of pure functions. */
export interface ClassifierHead {
  init(random: RandomStream): Tree<NdArray<'float32'>>;

  /**
   * @param features [B, G, 8, 8]
   * @returns logits, [B, K]: their softmax is the classes' probabilities; ordinal heads give logarithms of probabilities
   * @throws `ShapeError` when the features, or a weight, are missing or of another shape
   */
  apply(params: Tree<tf.Tensor>, features: tf.Tensor4D): tf.Tensor2D;
}
