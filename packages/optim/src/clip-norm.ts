import { leaves } from '@clip-lung/tensor';
import type { TensorTree } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

import { check } from './hyperparameter.js';
import { mapTensors } from './tensor-tree.js';

/** Gradients that are not longer than they may be. */
export interface ClippedGradients {
  readonly gradients: TensorTree;
  /** of what was given, before it was clipped */
  readonly norm: tf.Scalar;
}

/**
 * Shortens gradients whose norm is above a bound, as `torch.nn.utils.clip_grad_norm_` does it: one Euclidean norm over all
 * arrays, ‖g‖, and all times min(1, most / (‖g‖ + 1e-6)).
 *
 * @param most the bound, above 0
 * @throws `HyperparameterError` for another bound
 * @see Pascanu et al., On the difficulty of training recurrent neural networks (arXiv 1211.5063), algorithm 1
 */
export function clipNorm(
  gradients: TensorTree,
  most: number,
): ClippedGradients {
  check(most > 0 && most < Infinity, 'most', most, 'above 0');
  const squares = leaves(gradients).map(([, gradient]) =>
    tf.sum<tf.Scalar>(tf.square(gradient)),
  );
  const norm = tf.sqrt(
    squares.reduce((sum, square) => tf.add(sum, square), tf.scalar(0)),
  );
  const factor = tf.minimum(1, tf.div(most, tf.add(norm, 1e-6)));
  return {
    gradients: mapTensors(gradients, (gradient) => tf.mul(gradient, factor)),
    norm,
  };
}
