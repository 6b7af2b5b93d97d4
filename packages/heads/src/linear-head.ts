import {
  checkCount,
  formatShape,
  lookup,
  ShapeError,
  startAll,
  treeOf,
  uniformWithin,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { ClassifierHead } from './classifier-head.js';

export interface LinearHeadOptions {
  /** K */
  readonly classes: number;
  /** inputs of the linear layer: 16 for each of the G feature maps */
  readonly features: number;
}

/** Height and width of a feature map, and of its average. */
const mapSize = 8;
const averagedSize = 4;

/**
 * CLIP-Lung's classifier: the G×8×8 feature maps averaged down to G×4×4, flattened, and one linear layer, `fc`, which starts
 * as PyTorch's `Linear`.
 *
 * @throws `ShapeError` when an option is no whole number of at least 1, or `features` no multiple of 16
 */
export function linearHead({
  classes,
  features: inputs,
}: LinearHeadOptions): ClassifierHead {
  const pixels = averagedSize * averagedSize;
  checkCount('classes', classes);
  checkCount('features', inputs, pixels);
  const start = uniformWithin(inputs);
  const weights: readonly Weight[] = [
    { path: 'fc.weight', shape: [classes, inputs], start },
    { path: 'fc.bias', shape: [classes], start },
  ];

  return {
    init: (random) => treeOf(startAll(weights, random)),

    apply(params, features) {
      const [batch, ...maps] = features.shape;
      if (maps.join() !== [inputs / pixels, mapSize, mapSize].join()) {
        throw new ShapeError(
          `the features are ${formatShape(features.shape)}, a linear head of ${inputs} takes [any, ${inputs / pixels}, ${mapSize}, ${mapSize}]`,
        );
      }
      const weight = lookup(params, weights, 'the linear head');
      const averaged = tf.avgPool(
        tf.transpose<tf.Tensor4D>(features, [0, 2, 3, 1]),
        2,
        2,
        'valid',
      );
      const flat = tf.reshape(tf.transpose(averaged, [0, 3, 1, 2]), [
        batch,
        inputs,
      ]);
      return tf.add(
        tf.matMul(flat, weight('fc.weight') as tf.Tensor2D, false, true),
        weight('fc.bias'),
      );
    },
  };
}
