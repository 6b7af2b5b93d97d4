import { definePrompt, z } from '@clip-lung/model';
import {
  lookup,
  startAll,
  treeOf,
  type Weight,
  zeros,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A context made from the readers' ratings instead of the image: context'ₜ = contextₜ + Linear(v), with weights that start at 0.
 * It shows how much of what CLIP-Lung gains the ratings alone could tell; a new nodule has none, so it classifies by its head.
 */
export default definePrompt({
  name: 'from-ratings',
  options: z.strictObject({
    /** how many attributes readers rate: LIDC-IDRI's eight */
    ratings: z.int().min(1).max(1000).default(8),
  }),
  create({ ratings: count }, { initial }) {
    const [groups = 0, width = 0] = initial.shape; // [T, W]
    const weights: readonly Weight[] = [
      { path: 'ctx', shape: initial.shape, start: () => initial },
      { path: 'fc.weight', shape: [groups * width, count], start: zeros },
    ];
    return {
      name: 'from-ratings',
      conditional: true,
      fields: { ratings: 'ratings' },
      init: (random) => treeOf(startAll(weights, random)),
      context(params, features, fields: Readonly<Record<string, tf.Tensor>>) {
        const weight = lookup(params, weights, 'the prompt from ratings');
        const [batch] = features.shape; // [B, T, D]
        const ratings = fields['ratings']; // [B, M]
        if (ratings === undefined) throw new TypeError('there are no ratings');
        const shift = tf.matMul(
          tf.div(ratings, 5),
          weight('fc.weight'),
          false,
          true,
        );
        return tf.add(weight('ctx'), tf.reshape(shift, [batch, groups, width]));
      },
    };
  },
});
