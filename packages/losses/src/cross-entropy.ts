import type { Loss } from './loss.js';
import { softCrossEntropy } from './soft-cross-entropy.js';

/** Cross-entropy of the classifier head, L_CE: mean over i of −Σₖ tᵢₖ log softmaxₖ(logitsᵢₖ). */
export function crossEntropy(): Loss {
  return {
    name: 'cross-entropy',
    needs: [],
    compute: ({ logits, targets }) => softCrossEntropy(logits, targets),
  };
}
