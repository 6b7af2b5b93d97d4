import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';
import { softCrossEntropy } from './cross-entropy.js';
import { weighedMean } from './weighed-mean.js';

export interface ClassAttributeOptions {
  /**
   * `paper`, the default: the attribute weights are what the similarities are held to.
   * `published-code`: they multiply the similarities, whose mean over the attributes is a logit for each class, held to the
   * nodule's class.
   */
  readonly form?: 'paper' | 'published-code' | undefined;
}

/**
 * Class–attribute contrastive loss, L_CA: the text of a nodule's class should point at the attributes that the readers
 * rated high.
 *
 * Mean over i of −Σₖ tᵢₖ Σₘ wᵢₘ log softmaxₘ(s · cᵢₖ · aᵢₘ), which for a label is −Σₘ wᵢₘ log softmaxₘ(s · cᵢ,yᵢ · aᵢₘ).
 *
 * The published code's form: mean over i of −Σₖ tᵢₖ log softmaxₖ(meanₘ(s · cᵢₖ · aᵢₘ · wᵢₘ)).
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function classAttribute({
  form = 'paper',
}: ClassAttributeOptions = {}): Loss {
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
      const logits = similarity(each, attributes, scale); // [B or 1, K, M]
      if (form === 'published-code') {
        const [batch] = targets.shape;
        const own =
          logits.shape[0] === batch
            ? logits
            : tf.tile<tf.Tensor3D>(logits, [batch, 1, 1]);
        return softCrossEntropy(weighedMean(own, attributeWeights), targets);
      }
      const logLikelihoods = tf.sum<tf.Tensor2D>(
        tf.mul(tf.expandDims(attributeWeights, 1), tf.logSoftmax(logits)),
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
