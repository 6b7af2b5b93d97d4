import type { NoduleFields } from '@clip-lung/lidc';
import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** Which context vectors a prompt takes. */
export interface ContextLayout {
  /**
   * `shared`: all prompts take the same T vectors, S = T. `class-specific`: class k takes T of its own, from vector k·T
   * on, and the attributes, where they take any, share the T that follow those of the K classes: S = K·T or (K + 1)·T.
   */
  readonly contexts: 'shared' | 'class-specific';
  /** where the name stands in the prompt: behind the context, amid it (⌊T/2⌋ vectors before it), or in front of it */
  readonly classPosition: 'end' | 'middle' | 'front';
}

/**
 * Makes the context vectors of the prompts: S vectors of the text tower's width W, learned, and for some learners
 * conditioned on the image.
 */
export interface PromptLearner {
  readonly name: string;
  /** whether the context depends on the image, so that every nodule has prompts of its own */
  readonly conditional: boolean;
  /** default: one context of S = T vectors, which all prompts share, and names behind it */
  readonly layout?: ContextLayout;
  /**
   * what it wants to know of the nodules besides, such as their ratings; default nothing. Nothing of the step: prompts are made
   * after training, too. Who asks for fields makes prompts for each nodule, and is {@link conditional}
   */
  readonly fields?: NoduleFields;
  /** New parameters; an empty tree when nothing is learned. */
  init(random: RandomStream): Tree<NdArray<'float32'>>;
  /**
   * Pure and traceable.
   *
   * @param params what {@link init} made, as tensors
   * @param groups normalised channel-group features, [B, T, D]
   * @param fields those that it asked for, by its own names for them; needed where it asked for any
   * @returns context vectors, [B, S, W]; [1, S, W] when not {@link conditional}
   * @throws `ShapeError` for features of another shape, and for parameters that are missing
   */
  context(
    params: Tree<tf.Tensor>,
    groups: tf.Tensor3D,
    fields?: Readonly<Record<string, tf.Tensor>>,
  ): tf.Tensor3D;
}

/** Where learning starts, or stays. */
export interface ContextOptions {
  /** the first context vectors, such as the embeddings of the words that they stand for, [T, W] */
  readonly initial: NdArray<'float32'>;
}
