import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { softCrossEntropy } from './soft-cross-entropy.js';
import { similarity } from './similarity.js';

/**
 * Image–class contrastive loss, L_IC: every channel group of a nodule should point at the nodule's class.
 *
 * Mean over i and t of −Σₖ tᵢₖ log softmaxₖ(s · fᵢₜ · cᵢₖ), which for a label is −log softmaxₖ(…)[yᵢ].
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function imageClass(): Loss {
  const name = 'image-class';
  return {
    name,
    needs: ['text'],
    compute(inputs) {
      const { groups, targets } = inputs;
      const { classes, scale } = present(inputs, name, 'classes', 'scale');
      return softCrossEntropy(
        similarity(groups, classes, scale),
        tf.expandDims(targets, 1),
      );
    },
  };
}
