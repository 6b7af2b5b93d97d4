import { defineImageEncoder, z } from '@clip-lung/model';
import {
  kaimingNormal,
  lookup,
  startAll,
  treeOf,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** A crop has 32 slices of 32×32, of which every 4×4 pixels become one of a feature map's 8×8. */
const [slices, patch, mapSize] = [32, 4, 8];

/** Two convolutions without batch normalisation: one over patches, one over their channels. */
export default defineImageEncoder({
  name: 'patches',
  options: z.strictObject({
    /** T */
    groups: z.int().min(1).default(4),
    /** channels between the convolutions */
    width: z.int().min(1).default(64),
  }),
  // D is the text tower's, and without one the experiment's `image.embedding`.
  create({ groups, width }, { embedding }) {
    const channels = (groups * embedding) / mapSize ** 2; // G
    const weights: readonly Weight[] = [
      {
        path: 'patch.weight',
        shape: [width, slices, patch, patch],
        start: kaimingNormal,
      },
      {
        path: 'mix.weight',
        shape: [channels, width, 1, 1],
        start: kaimingNormal,
      },
    ];
    return {
      name: 'patches',
      sizes: { slices, groups, embedding, channels },
      init: (random) => ({
        params: treeOf(startAll(weights, random)),
        statistics: {}, // where batch normalisation keeps its running means
      }),
      apply(params, statistics, images) {
        const weight = lookup(params, weights, 'the patch encoder');
        // Weights are [out, in, height, width], as in PyTorch; tfjs wants them the other way round, and channels last.
        const convolve = (
          x: tf.Tensor4D,
          name: string,
          stride: number,
        ): tf.Tensor4D =>
          tf.conv2d(
            x,
            tf.transpose(weight(name) as tf.Tensor4D, [2, 3, 1, 0]),
            stride,
            'valid',
          );
        const pixels = tf.transpose<tf.Tensor4D>(images, [0, 2, 3, 1]);
        const seen = tf.relu(convolve(pixels, 'patch.weight', patch));
        const features = tf.transpose<tf.Tensor4D>(
          convolve(seen, 'mix.weight', 1),
          [0, 3, 1, 2],
        ); // [B, G, 8, 8]
        const flat = tf.reshape<tf.Rank.R3>(features, [-1, groups, embedding]);
        const length = tf.sqrt(tf.add(tf.sum(tf.square(flat), 2, true), 1e-12));
        return { features, groups: tf.div(flat, length), statistics };
      },
    };
  },
});
