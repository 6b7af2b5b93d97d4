import type { TensorTree } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

import { check } from './hyperparameter.js';
import { zipTensors } from './tensor-tree.js';

/**
 * The exponential moving average after one more step: average · decay + params · (1 − decay), leaf by leaf.
 *
 * @param average of the steps before; start with the parameters themselves
 * @param decay scalar, see {@link emaDecay}
 * @throws `ShapeError` that lists the paths in which the trees differ
 */
export function ema(
  average: TensorTree,
  params: TensorTree,
  decay: tf.Scalar,
): TensorTree {
  const gain = tf.sub(1, decay);
  return zipTensors(average, params, (mean, param) =>
    tf.add(tf.mul(mean, decay), tf.mul(param, gain)),
  );
}

/**
 * The decay of a step: min(decay, (1 + step) / (10 + step)) with warm-up, so that the average forgets the initial
 * parameters within some steps rather than within 1 / (1 − decay); `decay` without.
 *
 * @param step counted from 0
 * @throws `HyperparameterError` when the decay is not in [0, 1], or the step is negative
 */
export function emaDecay(step: number, decay: number, warmup: boolean): number {
  check(decay >= 0 && decay <= 1, 'decay', decay, '[0, 1]');
  check(step >= 0, 'step', step, 'at least 0');
  return warmup ? Math.min(decay, (1 + step) / (10 + step)) : decay;
}
