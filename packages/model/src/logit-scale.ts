import { type NdArray, scalar } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { ResolvedExperiment } from './experiment.js';

/** s, the factor of all similarities, of which the logarithm is learnt. */
export interface LogitScale {
  /** the parameter, or none where s is not learnt */
  init(): { readonly logit_scale?: NdArray<'float32'> };
  /** s, scalar */
  apply(params: { readonly logit_scale?: tf.Tensor }): tf.Scalar;
}

/**
 * @see Radford et al. 2021 (arXiv 2103.00020), §2.5: learnt from 1 / 0.07, and at most 100, as training is not stable beyond
 */
export function logitScaleOf({
  initial,
  max,
  learn,
}: ResolvedExperiment['logitScale']): LogitScale {
  const start = Math.log(initial);
  return {
    init: () => (learn ? { logit_scale: scalar(start) } : {}),
    apply({ logit_scale: logarithm }) {
      if (logarithm === undefined) return tf.scalar(initial);
      const own = logarithm as tf.Scalar;
      return tf.exp(max === null ? own : tf.minimum(own, Math.log(max)));
    },
  };
}
