import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';
import { oneHot, softCrossEntropy } from './soft-cross-entropy.js';

/**
 * Class–attribute contrastive loss, L_CA: the text of a nodule's class should point at the attributes that the readers
 * rated high.
 *
 * Mean over i of −Σₘ wᵢₘ log softmaxₘ(s · cᵢ,yᵢ · aᵢₘ).
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function classAttribute(): Loss {
  const name = 'class-attribute';
  return {
    name,
    needs: ['text', 'attributes'],
    compute(inputs) {
      const { classes, attributes, attributeWeights, scale } = present(
        inputs,
        name,
        'classes',
        'attributes',
        'attributeWeights',
        'scale',
      );
      const selector = tf.expandDims(
        oneHot(inputs.labels, classes.shape[1]),
        2,
      );
      const ofLabel = tf.sum<tf.Tensor3D>(tf.mul(selector, classes), 1, true);
      return softCrossEntropy(
        similarity(ofLabel, attributes, scale),
        tf.expandDims(attributeWeights, 1),
      );
    },
  };
}
