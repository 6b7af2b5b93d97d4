import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Makes the context vectors of the prompts: T vectors of the text tower's width W, learned, and for some learners
 * conditioned on the image.
 */
export interface PromptLearner {
  readonly name: string;
  /** whether the context depends on the image, so that every nodule has prompts of its own */
  readonly conditional: boolean;
  /** New parameters; an empty tree when nothing is learned. */
  init(random: RandomStream): Tree<NdArray<'float32'>>;
  /**
   * Pure and traceable.
   *
   * @param params what {@link init} made, as tensors
   * @param groups normalised channel-group features, [B, T, D]
   * @returns context vectors, [B, T, W]; [1, T, W] when not {@link conditional}
   * @throws `ShapeError` for features of another shape, and for parameters that are missing
   */
  context(params: Tree<tf.Tensor>, groups: tf.Tensor3D): tf.Tensor3D;
}

/** Where learning starts, or stays. */
export interface ContextOptions {
  /** the first context vectors, such as the embeddings of the words that they stand for, [T, W] */
  readonly initial: NdArray<'float32'>;
}
