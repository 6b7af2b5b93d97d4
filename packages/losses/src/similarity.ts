import { formatShape, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Scaled cosine similarities of every nodule's features with its texts, or with the texts that all nodules share. Shared
 * texts are one plain product: no copy of them for each nodule, and the product itself sums their gradient.
 *
 * @param features normalised, [B, N, D]
 * @param texts    normalised, [B or 1, P, D]
 * @param scale    one over the temperature, scalar
 * @returns scale · features · textsᵀ, [B, N, P]
 * @throws `ShapeError` when B or D differ
 */
export function similarity(
  features: tf.Tensor3D,
  texts: tf.Tensor3D,
  scale: tf.Scalar,
): tf.Tensor3D {
  const [batch, count, width] = features.shape;
  const [textBatch, textCount, textWidth] = texts.shape;
  if (textWidth !== width || (textBatch !== 1 && textBatch !== batch)) {
    throw new ShapeError(
      `text features of shape ${formatShape(texts.shape)} do not fit features of shape ${formatShape(features.shape)}, expected [${batch} or 1, any, ${width}]`,
    );
  }
  const cosines =
    textBatch === 1
      ? tf.matMul(
          tf.reshape(features, [batch * count, width]),
          tf.reshape(texts, [textCount, width]),
          false,
          true,
        )
      : tf.matMul(features, texts, false, true);
  return tf.mul(scale, tf.reshape(cosines, [batch, count, textCount]));
}
