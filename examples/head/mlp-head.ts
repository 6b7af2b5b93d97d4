import { defineHead, z } from '@clip-lung/model';
import {
  lookup,
  startAll,
  treeOf,
  uniformWithin,
  type Weight,
  zeros,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Two layers on the means of the feature maps. */
export default defineHead({
  name: 'mlp',
  options: z.strictObject({
    /** units of the layer between */
    hidden: z.int().min(1).default(64),
  }),
  create({ hidden }, { classes, channels }) {
    const weights: readonly Weight[] = [
      {
        path: 'fc1.weight',
        shape: [hidden, channels],
        start: uniformWithin(channels),
      },
      { path: 'fc1.bias', shape: [hidden], start: zeros },
      {
        path: 'fc2.weight',
        shape: [classes, hidden],
        start: uniformWithin(hidden),
      },
      { path: 'fc2.bias', shape: [classes], start: zeros },
    ];
    return {
      init: (random) => treeOf(startAll(weights, random)),
      apply(params, features) {
        const weight = lookup(params, weights, 'the MLP head');
        // Weights are [out, in], as PyTorch's Linear has them.
        const linear = (x: tf.Tensor2D, layer: string): tf.Tensor2D =>
          tf.add(
            tf.matMul(x, weight(`${layer}.weight`) as tf.Tensor2D, false, true),
            weight(`${layer}.bias`),
          );
        const means = tf.mean<tf.Tensor2D>(features, [2, 3]); // [B, G, 8, 8] to [B, G]
        return linear(tf.relu(linear(means, 'fc1')), 'fc2'); // [B, K]
      },
    };
  },
});
