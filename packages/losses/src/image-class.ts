import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { type Loss, present } from './loss.js';
import { similarity } from './similarity.js';
import { softCrossEntropy } from './cross-entropy.js';

export interface ImageClassOptions {
  /**
   * `batch`, the default: every group of a nodule is held to the nodule's own target, as in the paper.
   * `first-groups`: group t of every nodule is held to the target of the batch's t-th nodule, as the published code does.
   */
  readonly targets?: 'batch' | 'first-groups' | undefined;
}

/**
 * Image–class contrastive loss, L_IC: every channel group of a nodule should point at the nodule's class.
 *
 * Mean over i and t of −Σₖ tᵢₖ log softmaxₖ(s · fᵢₜ · cᵢₖ), which for a label is −log softmaxₖ(…)[yᵢ].
 *
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function imageClass({
  targets: whose = 'batch',
}: ImageClassOptions = {}): Loss {
  const name = 'image-class';
  return {
    name,
    needs: ['text'],
    compute(inputs) {
      const { groups, targets } = inputs;
      const { classes, scale } = present(inputs, name, 'classes', 'scale');
      const logits = similarity(groups, classes, scale); // [B, T, K]
      return softCrossEntropy(
        logits,
        whose === 'batch'
          ? tf.expandDims(targets, 1)
          : firstTargets(targets, groups.shape[1]),
      );
    },
  };
}

/**
 * The targets of the first T nodules, once for each of the B nodules.
 *
 * @returns [B, T, K]
 */
function firstTargets(targets: tf.Tensor2D, groups: number): tf.Tensor3D {
  const [batch, classes] = targets.shape;
  if (batch < groups) {
    throw new ShapeError(
      `the batch holds ${batch} nodules, "first-groups" takes the targets of the first ${groups}, one for each channel group: use larger batches`,
    );
  }
  const first = tf.slice2d(targets, [0, 0], [groups, classes]);
  return tf.tile(tf.expandDims<tf.Tensor3D>(first, 0), [batch, 1, 1]);
}
