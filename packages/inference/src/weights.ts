import type { Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** The moving averages of what a model learned. */
export type Weights = {
  readonly params: Tree<tf.Tensor>;
  readonly statistics: Tree<tf.Tensor>;
};
