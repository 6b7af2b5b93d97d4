import { LossOptionError } from './error.js';
import type { Loss } from './loss.js';
import { weightedCrossEntropy } from './weighted-cross-entropy.js';

export interface FocalOptions {
  /** γ ≥ 0: how much less a well classified nodule counts; 0 is cross-entropy, default 2 */
  readonly gamma?: number | undefined;
}

/**
 * Focal loss: mean over i of −Σₖ tᵢₖ (1 − pᵢₖ)^γ log pᵢₖ. The paper gives it for one true class; against a distribution, each
 * class's term counts as much as it is true.
 *
 * @throws `LossOptionError` when γ is negative
 * @see Lin et al., Focal loss for dense object detection, ICCV 2017 (arXiv 1708.02002), equation 4
 */
export function focal({ gamma = 2 }: FocalOptions = {}): Loss {
  const name = 'focal';
  checkGamma(name, gamma);
  return {
    name,
    needs: [],
    compute: ({ logits, targets }) =>
      weightedCrossEntropy(logits, targets, { gamma }),
  };
}

/** @throws `LossOptionError` when γ is no number of at least 0 */
export function checkGamma(loss: string, gamma: number): void {
  if (!(gamma >= 0 && Number.isFinite(gamma))) {
    throw new LossOptionError(
      `gamma of the loss "${loss}" is ${gamma}, expected a number of at least 0`,
    );
  }
}
