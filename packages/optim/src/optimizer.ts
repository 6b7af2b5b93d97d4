import type { NdArray, Tree } from '@clip-lung/tensor';
import type { TensorTree } from '@clip-lung/tensor/tfjs';
import type * as tf from '@tensorflow/tfjs-core';

/** What an optimiser makes of one step. */
export interface OptimizerStep {
  readonly params: TensorTree;
  readonly state: TensorTree;
}

/** A rule that moves parameters against their gradients: a pair of pure functions. */
export interface Optimizer {
  /** The state before the first step: a tree of any form, which every step keeps. */
  init(params: Tree<NdArray<'float32'>>): Tree<NdArray<'float32'>>;

  /**
   * One step: new parameters and the new state; nothing is changed in place. It is traceable: no value is read.
   *
   * @param params what is learned
   * @param gradients of the loss, same form as `params`
   * @param state of {@link init}, or of the step before
   * @param learningRate scalar, so that a schedule needs no new graph
   * @throws `ShapeError` that lists the paths in which the trees differ
   */
  update(
    params: TensorTree,
    gradients: TensorTree,
    state: TensorTree,
    learningRate: tf.Scalar,
  ): OptimizerStep;
}
