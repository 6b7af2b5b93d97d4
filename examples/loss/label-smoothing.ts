import { defineLoss, z } from '@clip-lung/model';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross-entropy against targets of which a share is spread evenly over all classes.
 *
 * @see Szegedy et al., Rethinking the Inception Architecture (arXiv 1512.00567), §7
 */
export default defineLoss({
  name: 'label-smoothing',
  options: z.strictObject({
    /** the share that is spread */
    share: z.number().min(0).lt(1).default(0.1),
  }),
  create: ({ share }) => ({
    name: 'label-smoothing',
    // Neither text nor attributes, so no text tower is loaded for it.
    needs: [],
    compute({ logits, targets }) {
      const [, classes] = logits.shape; // [B, K], as the targets are
      const smooth = tf.add(tf.mul(targets, 1 - share), share / classes);
      return tf.neg(tf.mean(tf.sum(tf.mul(smooth, tf.logSoftmax(logits)), 1)));
    },
  }),
});
