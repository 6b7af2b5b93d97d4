import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';

/**
 * Class–attribute contrastive loss, L_CA: the text of a nodule's class should point at the attributes that the readers
 * rated high.
 *
 * Mean over i of −Σₖ tᵢₖ Σₘ wᵢₘ log softmaxₘ(s · cᵢₖ · aᵢₘ), which for a label is −Σₘ wᵢₘ log softmaxₘ(s · cᵢ,yᵢ · aᵢₘ).
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
      const { targets } = inputs;
      checkFits(targets, attributeWeights, classes, attributes);
      // Attributes of each nodule's own need classes as many, where those are shared.
      const each =
        classes.shape[0] === 1 && attributes.shape[0] !== 1
          ? tf.tile(classes, [attributes.shape[0], 1, 1])
          : classes;
      const logLikelihoods = tf.sum<tf.Tensor2D>(
        tf.mul(
          tf.expandDims(attributeWeights, 1),
          tf.logSoftmax(similarity(each, attributes, scale)),
        ),
        -1,
      );
      return tf.neg(tf.mean(tf.sum(tf.mul(targets, logLikelihoods), -1)));
    },
  };
}

/** @throws `ShapeError` for what would only fit by broadcasting */
function checkFits(
  targets: tf.Tensor2D,
  weights: tf.Tensor2D,
  classes: tf.Tensor3D,
  attributes: tf.Tensor3D,
): void {
  const [batch] = targets.shape;
  if (
    targets.shape[1] !== classes.shape[1] ||
    weights.shape[0] !== batch ||
    weights.shape[1] !== attributes.shape[1] ||
    [classes, attributes].some(({ shape: [n] }) => n !== 1 && n !== batch)
  ) {
    throw new ShapeError(
      `targets ${formatShape(targets.shape)}, attribute weights ${formatShape(weights.shape)}, classes ${formatShape(classes.shape)} and attributes ${formatShape(attributes.shape)} do not fit together, expected [B, K], [B, M], [B or 1, K, D] and [B or 1, M, D]`,
    );
  }
}
