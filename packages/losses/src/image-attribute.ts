import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';
import { softCrossEntropy } from './soft-cross-entropy.js';

/**
 * Image–attribute contrastive loss, L_IA: every channel group of a nodule should point at the attributes that the readers
 * rated high.
 *
 * Mean over i and t of −Σₘ wᵢₘ log softmaxₘ(s · fᵢₜ · aᵢₘ).
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function imageAttribute(): Loss {
  const name = 'image-attribute';
  return {
    name,
    needs: ['text', 'attributes'],
    compute(inputs) {
      const { attributes, attributeWeights, scale } = present(
        inputs,
        name,
        'attributes',
        'attributeWeights',
        'scale',
      );
      return softCrossEntropy(
        similarity(inputs.groups, attributes, scale),
        tf.expandDims(attributeWeights, 1),
      );
    },
  };
}
