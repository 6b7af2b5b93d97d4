import { lookup, startAll, treeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import {
  checkClasses,
  type ClassifierHead,
  type HeadOptions,
} from './classifier-head.js';
import { mapLinear } from './map-linear.js';
import { logSigmoid } from './softplus.js';

/**
 * A stick of length 1, from which each class but the last breaks a share of what the classes before it have left:
 *
 * pₖ = σ(ηₖ) Πⱼ﹤ₖ (1 − σ(ηⱼ)) for k = 0 … K−2, and the last class has what is left, Πⱼ (1 − σ(ηⱼ)).
 *
 * The logits are log pₖ, sums of log-sigmoids, which no output makes infinite.
 *
 * @throws `ShapeError` when there are fewer than two classes, or `features` is not a multiple of 16
 * @see Liu et al., Ordinal regression with neuron stick-breaking for medical diagnosis, ECCV Workshops 2018
 */
export function stickBreakingHead({
  classes,
  features,
}: HeadOptions): ClassifierHead {
  const owner = 'a stick-breaking head';
  checkClasses(classes, owner);
  const { weights, apply } = mapLinear(features, classes - 1, owner);

  return {
    needsOrder: true,
    init: (random) => treeOf(startAll(weights, random)),

    apply(params, maps) {
      const outputs = apply(lookup(params, weights, owner), maps); // η, [B, K−1]
      const whole = tf.zeros<tf.Rank.R2>([outputs.shape[0], 1]);
      const taken = logSigmoid(outputs);
      const left = tf.cumsum<tf.Tensor2D>(logSigmoid(tf.neg(outputs)), 1);
      return tf.add(tf.concat([taken, whole], 1), tf.concat([whole, left], 1));
    },
  };
}
