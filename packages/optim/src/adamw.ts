import { filled, scalar } from '@clip-lung/tensor';
import type { TensorTree } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

import { check } from './hyperparameter.js';
import type { Optimizer } from './optimizer.js';
import { mapArrays, mapTensors, zipTensors } from './tensor-tree.js';

export interface AdamWOptions {
  /** share of the gradients' average that a step keeps, β₁, in [0, 1) */
  readonly beta1?: number;
  /** share of their squares' average that a step keeps, β₂, in [0, 1) */
  readonly beta2?: number;
  /** added to the root of the squares' average, ε, above 0 */
  readonly epsilon?: number;
  /** share of a parameter that a step at learning rate 1 takes away, λ; at least 0 */
  readonly weightDecay?: number;
}

/** Averages of the gradients and of their squares, and what each has gathered of its weights, 1 − βᵗ after t steps. */
type AdamWState = {
  readonly exp_avg: TensorTree;
  readonly exp_avg_sq: TensorTree;
  readonly gathered: {
    readonly exp_avg: tf.Scalar;
    readonly exp_avg_sq: tf.Scalar;
  };
};

/**
 * AdamW as `torch.optim.AdamW` does it: weight decay that is decoupled from the gradient. With gradient g, parameter p,
 * averages m and v, learning rate η, at step t from 1:
 *
 *     m ← β₁ · m + (1 − β₁) · g
 *     v ← β₂ · v + (1 − β₂) · g²
 *     p ← (1 − η · λ) · p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * Only arrays of two or more axes decay: weights of layers, embeddings, and context vectors. Biases, scales of normalisation
 * and single numbers, such as the logit scale, do not, as if PyTorch had them in a parameter group with a weight decay of 0.
 *
 * The state has no count of steps: 1 − βᵗ is the average of ones, x ← β · x + (1 − β), which float32 keeps to rounding, where
 * subtracting a power near 1 from 1 would lose four digits.
 *
 * @throws `HyperparameterError` when an option is out of its range
 * @see Loshchilov & Hutter, Decoupled Weight Decay Regularization (arXiv 1711.05101), algorithm 2
 */
export function adamw({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0.01,
}: AdamWOptions = {}): Optimizer {
  check(beta1 >= 0 && beta1 < 1, 'beta1', beta1, '[0, 1)');
  check(beta2 >= 0 && beta2 < 1, 'beta2', beta2, '[0, 1)');
  check(epsilon > 0 && epsilon < Infinity, 'epsilon', epsilon, 'above 0');
  check(
    weightDecay >= 0 && weightDecay < Infinity,
    'weightDecay',
    weightDecay,
    'at least 0',
  );

  const averaged =
    (beta: number) =>
    (average: tf.Tensor, value: tf.Tensor | number): tf.Tensor =>
      tf.add(tf.mul(average, beta), tf.mul(value, 1 - beta));

  return {
    init: (params) => ({
      exp_avg: mapArrays(params, ({ shape }) => filled(shape)),
      exp_avg_sq: mapArrays(params, ({ shape }) => filled(shape)),
      gathered: { exp_avg: scalar(0), exp_avg_sq: scalar(0) },
    }),

    update(params, gradients, state, learningRate) {
      const before = state as AdamWState;
      const mean = zipTensors(before.exp_avg, gradients, averaged(beta1));
      const squares = zipTensors(
        before.exp_avg_sq,
        mapTensors(gradients, (gradient) => tf.square(gradient)),
        averaged(beta2),
      );
      const gathered = {
        exp_avg: averaged(beta1)(before.gathered.exp_avg, 1),
        exp_avg_sq: averaged(beta2)(before.gathered.exp_avg_sq, 1),
      };
      const length = tf.div(learningRate, gathered.exp_avg);
      const root = tf.sqrt(gathered.exp_avg_sq);
      const directions = zipTensors(mean, squares, (m, v) =>
        tf.div(m, tf.add(tf.div(tf.sqrt(v), root), epsilon)),
      );
      const kept = tf.sub(1, tf.mul(learningRate, weightDecay));
      const decayed = (param: tf.Tensor): tf.Tensor =>
        weightDecay === 0 || param.rank < 2 ? param : tf.mul(param, kept);
      return {
        params: zipTensors(params, directions, (param, direction) =>
          tf.sub(decayed(param), tf.mul(direction, length)),
        ),
        state: { exp_avg: mean, exp_avg_sq: squares, gathered },
      };
    },
  };
}
