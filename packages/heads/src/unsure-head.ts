import {
  at,
  float32,
  lookup,
  startAll,
  treeOf,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import {
  checkClasses,
  type ClassifierHead,
  type HeadOptions,
} from './classifier-head.js';
import { mapLinear } from './map-linear.js';
import { logSigmoid, softplus } from './softplus.js';

/**
 * The unsure data model: one score f, cut into ordered classes by learnt thresholds λ₁ < … < λ_K₋₁. For benign, unsure and
 * malignant nodules, "unsure" is what lies between the two thresholds.
 *
 * P(y ≤ k) = G(λₖ₊₁ − f), so pₖ = G(λₖ₊₁ − f) − G(λₖ − f), where G is the logistic function σ (our reading: the paper
 * leaves G open). Its cost-sensitive loss is `cost-sensitive` of `@clip-lung/losses`.
 *
 * Thresholds stay ordered, since each lies softplus(δ) beyond the one before; `first` is λ₁ and `steps` are the δ. They start
 * where a score of 0 makes all classes equally probable. The logits are log pₖ, by the identity
 * σ(b) − σ(a) = σ(b) σ(−a) (1 − eᵃ⁻ᵇ), whose last factor is σ(δ): no difference of nearly equal numbers, and no log 0.
 *
 * @throws `ShapeError` when there are fewer than two classes, or `features` is not a multiple of 16
 * @see Wu et al., Learning with unsure data for medical image diagnosis, ICCV 2019
 */
export function unsureHead({ classes, features }: HeadOptions): ClassifierHead {
  const owner = 'an unsure-data head';
  checkClasses(classes, owner);
  const linear = mapLinear(features, 1, owner);
  const middle = classes - 2;
  const startingThresholds = Array.from({ length: classes - 1 }, (_, k) =>
    Math.log((k + 1) / (classes - k - 1)),
  );
  const weights: readonly Weight[] = [
    ...linear.weights,
    {
      path: 'thresholds.first',
      shape: [1],
      start: (shape) => float32(shape, startingThresholds.slice(0, 1)),
    },
    ...(middle === 0
      ? []
      : [
          {
            path: 'thresholds.steps',
            shape: [middle],
            start: (shape: readonly number[]) =>
              float32(shape, startingThresholds.slice(1).map(stepTo)),
          },
        ]),
  ];
  function stepTo(threshold: number, k: number): number {
    const distance = threshold - at(startingThresholds, k);
    return Math.log(Math.expm1(distance)); // softplus backwards
  }

  return {
    needsOrder: true,
    init: (random) => treeOf(startAll(weights, random)),

    apply(params, maps) {
      const weight = lookup(params, weights, owner);
      const score = linear.apply(weight, maps); // f, [B, 1]
      const ends = tf.zeros<tf.Rank.R2>([score.shape[0], 1]);
      const first = weight('thresholds.first') as tf.Tensor1D;
      const steps =
        middle === 0 ? undefined : (weight('thresholds.steps') as tf.Tensor1D);
      const thresholds =
        steps === undefined
          ? first
          : tf.cumsum<tf.Tensor1D>(tf.concat([first, softplus(steps)]));
      const margins = tf.sub<tf.Tensor2D>(
        tf.expandDims<tf.Tensor2D>(thresholds, 0),
        score,
      ); // λ − f, [B, K−1]
      const below = tf.concat([logSigmoid(margins), ends], 1);
      const above = tf.concat([ends, logSigmoid(tf.neg(margins))], 1);
      const both = tf.add<tf.Tensor2D>(below, above);
      if (steps === undefined) return both;
      const end = tf.zeros<tf.Rank.R1>([1]);
      return tf.add(both, tf.concat([end, logSigmoid(steps), end]));
    },
  };
}
