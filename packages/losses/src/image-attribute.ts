import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';
import { softCrossEntropy } from './cross-entropy.js';
import { weighedMean } from './weighed-mean.js';

export interface ImageAttributeOptions {
  /**
   * `paper`, the default: the attribute weights are what the similarities are held to.
   * `published-code`: they multiply the similarities, whose mean over the attributes is a logit for each group; the T logits
   * are held to the class, as if group k stood for class k (so K ≤ T).
   */
  readonly form?: 'paper' | 'published-code' | undefined;
}

/**
 * Image–attribute contrastive loss, L_IA: every channel group of a nodule should point at the attributes that the readers
 * rated high.
 *
 * Mean over i and t of −Σₘ wᵢₘ log softmaxₘ(s · fᵢₜ · aᵢₘ).
 *
 * The published code's form: mean over i of −Σₜ tᵢₜ log softmaxₜ(meanₘ(s · fᵢₜ · aᵢₘ · wᵢₘ)), where tᵢₜ = 0 beyond the classes.
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function imageAttribute({
  form = 'paper',
}: ImageAttributeOptions = {}): Loss {
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
      const logits = similarity(inputs.groups, attributes, scale); // [B, T, M]
      return form === 'paper'
        ? softCrossEntropy(logits, tf.expandDims(attributeWeights, 1))
        : softCrossEntropy(
            weighedMean(logits, attributeWeights),
            paddedTargets(inputs.targets, inputs.groups.shape[1]),
          );
    },
  };
}

/**
 * The targets, with zeros for the groups beyond the classes.
 *
 * @returns [B, T]
 */
function paddedTargets(targets: tf.Tensor2D, groups: number): tf.Tensor2D {
  const [, classes] = targets.shape;
  if (classes > groups) {
    throw new ShapeError(
      `there are ${classes} classes and ${groups} channel groups; image-attribute's form "published-code" holds group k to class k, and needs as many groups: use more groups, or the form "paper"`,
    );
  }
  return tf.pad2d(targets, [
    [0, 0],
    [0, groups - classes],
  ]);
}
