import type { Loss } from './loss.js';
import { oneHot, softCrossEntropy } from './soft-cross-entropy.js';

/** Cross-entropy of the classifier head, L_CE: mean over i of −log softmaxₖ(logitsᵢₖ)[yᵢ]. */
export function crossEntropy(): Loss {
  return {
    name: 'cross-entropy',
    needs: [],
    compute: ({ logits, labels }) =>
      softCrossEntropy(logits, oneHot(labels, logits.shape[1])),
  };
}
