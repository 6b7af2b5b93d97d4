import {
  checkCount,
  type NdArray,
  type RandomStream,
  ShapeError,
  type Tree,
} from '@clip-lung/tensor';
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
  /** whether classes have to be degrees of one thing, in their order; default no */
  readonly needsOrder?: boolean;
  init(random: RandomStream): Tree<NdArray<'float32'>>;

  /**
   * @param features [B, G, 8, 8]
   * @returns logits, [B, K]: their softmax is the classes' probabilities; ordinal heads give logarithms of probabilities
   * @throws `ShapeError` when the features, or a weight, are missing or of another shape
   */
  apply(params: Tree<tf.Tensor>, features: tf.Tensor4D): tf.Tensor2D;
}

/** @throws `ShapeError` unless there are at least two classes, whose order a head can use */
export function checkClasses(classes: number, owner: string): void {
  checkCount('classes', classes);
  if (classes < 2) {
    throw new ShapeError(
      `classes is ${classes}, ${owner} needs at least 2 to put in order`,
    );
  }
}
