import { checkClasses, effectiveNumberWeights } from './class-weights.js';
import { LossOptionError } from './error.js';
import { checkGamma } from './focal.js';
import { type Loss, present } from './loss.js';
import { weightedCrossEntropy } from './weighted-cross-entropy.js';

export interface ClassBalancedOptions {
  /** 0 ≤ β < 1; the nearer to 1, the more a rare class counts; default 0.999 */
  readonly beta?: number | undefined;
  /** γ ≥ 0 of the focal loss; default 0: cross-entropy */
  readonly gamma?: number | undefined;
}

/**
 * Class-balanced loss: cross-entropy, or the focal loss, in which class k counts (1 − β) / (1 − β^nₖ), for the nₖ nodules of
 * the class in the training part; the weights are scaled to add up to K.
 *
 * @throws `LossOptionError` when β or γ is out of its range
 * @see Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019 (arXiv 1901.05555)
 */
export function classBalanced({
  beta = 0.999,
  gamma = 0,
}: ClassBalancedOptions = {}): Loss {
  const name = 'class-balanced';
  if (!(beta >= 0 && beta < 1)) {
    throw new LossOptionError(
      `beta of the loss "${name}" is ${beta}, expected at least 0 and less than 1`,
    );
  }
  checkGamma(name, gamma);
  return {
    name,
    needs: ['class-counts'],
    compute(inputs) {
      const { classCounts } = present(inputs, name, 'classCounts');
      checkClasses('the class counts', classCounts, inputs.logits);
      return weightedCrossEntropy(inputs.logits, inputs.targets, {
        weights: effectiveNumberWeights(classCounts, beta),
        gamma,
      });
    },
  };
}
