import { filled } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { check, HyperparameterError } from './hyperparameter.js';
import type { Optimizer } from './optimizer.js';
import { mapArrays, zipTensors } from './tensor-tree.js';

export interface SgdOptions {
  /** share of the velocity that a step keeps, μ, in [0, 1) */
  readonly momentum?: number;
  /** added to the gradient as weightDecay · parameter, so coupled with the learning rate; at least 0 */
  readonly weightDecay?: number;
  /** looks one step of the velocity ahead */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent as `torch.optim.SGD` does it, without dampening. With gradient g, parameter p, velocity v:
 *
 *     g ← g + weightDecay · p
 *     v ← momentum · v + g
 *     p ← p − learningRate · v            (Nesterov: p − learningRate · (g + momentum · v))
 *
 * PyTorch starts with v = g; starting from v = 0 is the same, and spares the special case. The learning rate scales the
 * step, not the velocity, so a schedule acts on the whole history at once (unlike Sutskever et al. 2013).
 *
 * The state is the velocity, a tree of the parameters' form.
 *
 * @throws `HyperparameterError` when an option is out of its range
 */
export function sgd({
  momentum = 0.9,
  weightDecay = 5e-5,
  nesterov = false,
}: SgdOptions = {}): Optimizer {
  check(momentum >= 0 && momentum < 1, 'momentum', momentum, '[0, 1)');
  check(
    weightDecay >= 0 && weightDecay < Infinity,
    'weightDecay',
    weightDecay,
    'at least 0',
  );
  if (nesterov && momentum === 0) {
    throw new HyperparameterError(
      'nesterov is on with a momentum of 0, expected a momentum above 0: there is no velocity to look ahead along',
    );
  }

  const decayed = (param: tf.Tensor, gradient: tf.Tensor): tf.Tensor =>
    weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(param, weightDecay));
  const accelerated = (velocity: tf.Tensor, gradient: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(velocity, momentum), gradient);

  return {
    init: (params) => mapArrays(params, ({ shape }) => filled(shape)),

    update(params, gradients, state, learningRate) {
      const slopes = zipTensors(params, gradients, decayed);
      const velocities = zipTensors(state, slopes, accelerated);
      const directions = nesterov
        ? zipTensors(velocities, slopes, accelerated)
        : velocities;
      return {
        params: zipTensors(params, directions, (param, direction) =>
          tf.sub(param, tf.mul(direction, learningRate)),
        ),
        state: velocities,
      };
    },
  };
}
