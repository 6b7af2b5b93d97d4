import {
  checkCount,
  filled,
  lookup,
  ShapeError,
  startAll,
  treeOf,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { ClassifierHead, HeadOptions } from './classifier-head.js';
import { mapLinear } from './map-linear.js';
import { logSoftplus, softplus } from './softplus.js';

export interface PoissonHeadOptions extends HeadOptions {
  /** τ, or where it starts, above 0; default 1 */
  readonly temperature?: number | undefined;
  /** τ = exp(`log_temperature`) is learnt with the rest; default true */
  readonly learnTemperature?: boolean | undefined;
}

/**
 * Classes as the counts of a Poisson distribution, so that their probabilities rise to one class and fall beyond it.
 *
 * One output, f = softplus(fc(features)) > 0, and hₖ = (k log f − f − log k!) / τ for k = 0 … K−1, the logits. A learnt τ
 * widens or narrows the distribution; with τ = 1, three classes can never be told with certainty. The paper does not
 * fix how τ stays positive: the exponential is our reading.
 *
 * @throws `ShapeError` when an option is no whole number of at least 1, `features` no multiple of 16, or `temperature` not
 * above 0
 * @see Beckham and Pal, Unimodal probability distributions for deep ordinal classification, ICML 2017 (arXiv 1705.05278)
 */
export function poissonHead({
  classes,
  features,
  temperature = 1,
  learnTemperature = true,
}: PoissonHeadOptions): ClassifierHead {
  const owner = 'a Poisson head';
  checkCount('classes', classes);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new ShapeError(
      `temperature is ${temperature}, expected a number above 0`,
    );
  }
  const linear = mapLinear(features, 1, owner);
  const logTemperature = Math.log(temperature);
  const weights: readonly Weight[] = learnTemperature
    ? [
        ...linear.weights,
        {
          path: 'log_temperature',
          shape: [],
          start: (shape) => filled(shape, logTemperature),
        },
      ]
    : linear.weights;
  const counts = Array.from({ length: classes }, (_, k) => k);
  const logFactorials = counts.map((count) =>
    counts.slice(1, count + 1).reduce((sum, k) => sum + Math.log(k), 0),
  );

  return {
    needsOrder: true,
    init: (random) => treeOf(startAll(weights, random)),

    apply(params, maps) {
      const weight = lookup(params, weights, owner);
      const output = linear.apply(weight, maps); // [B, 1]
      const logMass = tf.sub(
        tf.sub(
          tf.mul(logSoftplus(output), tf.tensor2d([counts])),
          softplus(output),
        ),
        tf.tensor2d([logFactorials]),
      );
      return learnTemperature
        ? tf.mul(logMass, tf.exp(tf.neg(weight('log_temperature'))))
        : tf.div(logMass, temperature);
    },
  };
}
