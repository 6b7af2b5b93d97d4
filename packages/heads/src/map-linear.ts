import {
  checkCount,
  formatShape,
  type Lookup,
  ShapeError,
  uniformWithin,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Height and width of a feature map, and of its average. */
const mapSize = 8;
const averagedSize = 4;

/** What every head begins with: feature maps, averaged and flattened, through one linear layer. */
export interface MapLinear {
  /** `fc.weight` and `fc.bias` */
  readonly weights: readonly Weight[];
  /**
   * @param features [B, G, 8, 8]
   * @returns [B, outputs]
   * @throws `ShapeError` when the features are of another shape
   */
  readonly apply: (
    weight: Lookup<tf.Tensor>,
    features: tf.Tensor4D,
  ) => tf.Tensor2D;
}

/**
 * CLIP-Lung's classifier: the G×8×8 feature maps averaged down to G×4×4, flattened, and one linear layer, `fc`, which starts
 * as PyTorch's `Linear`.
 *
 * @param owner names the head in errors
 * @throws `ShapeError` when `inputs` is no positive multiple of 16
 */
export function mapLinear(
  inputs: number,
  outputs: number,
  owner: string,
): MapLinear {
  const pixels = averagedSize * averagedSize;
  checkCount('features', inputs, pixels);
  const start = uniformWithin(inputs);

  return {
    weights: [
      { path: 'fc.weight', shape: [outputs, inputs], start },
      { path: 'fc.bias', shape: [outputs], start },
    ],

    apply(weight, features) {
      const [batch, ...maps] = features.shape;
      if (maps.join() !== [inputs / pixels, mapSize, mapSize].join()) {
        throw new ShapeError(
          `the features are ${formatShape(features.shape)}, ${owner} of ${inputs} takes [any, ${inputs / pixels}, ${mapSize}, ${mapSize}]`,
        );
      }
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
