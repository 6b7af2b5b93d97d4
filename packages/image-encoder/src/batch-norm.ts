import * as tf from '@tensorflow/tfjs-core';

import { type Lookup, ones, type Weight, zeros } from '@clip-lung/tensor';

/** Added to the variance, and the share of a batch in the running statistics: PyTorch's defaults. */
const epsilon = 1e-5;
const momentum = 0.1;

/** The learned weights of a batch normalisation over `channels`. */
export function batchNormWeights(path: string, channels: number): Weight[] {
  return [
    { path: `${path}.weight`, shape: [channels], start: ones },
    { path: `${path}.bias`, shape: [channels], start: zeros },
  ];
}

/** Its running statistics; PyTorch's `num_batches_tracked` has no part in the arithmetic, and is left out. */
export function batchNormStatistics(path: string, channels: number): Weight[] {
  return [
    { path: `${path}.running_mean`, shape: [channels], start: zeros },
    { path: `${path}.running_var`, shape: [channels], start: ones },
  ];
}

/** A batch normalisation of x [B, H, W, C] by name. */
export type BatchNorm = (x: tf.Tensor4D, path: string) => tf.Tensor4D;

/** For evaluation: one multiplication and one addition with the running statistics. */
export function frozenBatchNorm(
  params: Lookup<tf.Tensor>,
  statistics: Lookup<tf.Tensor>,
): BatchNorm {
  return (x, path) => {
    const variance = statistics(`${path}.running_var`);
    const gain = tf.mul(
      params(`${path}.weight`),
      tf.rsqrt(tf.add(variance, epsilon)),
    );
    const mean = statistics(`${path}.running_mean`);
    const offset = tf.sub(params(`${path}.bias`), tf.mul(mean, gain));
    return tf.add(tf.mul(x, gain), offset);
  };
}

/**
 * For training: normalises by the batch's own mean and (biased) variance, and moves the running statistics a tenth of the
 * way towards its mean and unbiased variance.
 *
 * @param update takes each new running statistic, by path
 * @see Ioffe & Szegedy (arXiv 1502.03167), algorithm 1; PyTorch's `BatchNorm2d` for the statistics
 */
export function trainingBatchNorm(
  params: Lookup<tf.Tensor>,
  statistics: Lookup<tf.Tensor>,
  update: (path: string, value: tf.Tensor) => void,
): BatchNorm {
  const move = (path: string, value: tf.Tensor): void => {
    update(
      path,
      tf.add(tf.mul(statistics(path), 1 - momentum), tf.mul(value, momentum)),
    );
  };
  return (x, path) => {
    const [batch, height, width] = x.shape;
    const count = batch * height * width;
    const mean = tf.mean<tf.Tensor1D>(x, [0, 1, 2]);
    const centred = tf.sub<tf.Tensor4D>(x, mean);
    const variance = tf.mean<tf.Tensor1D>(tf.square(centred), [0, 1, 2]);
    move(`${path}.running_mean`, mean);
    move(`${path}.running_var`, tf.mul(variance, count / (count - 1)));
    return normaliseBatch(
      x,
      params(`${path}.weight`) as tf.Tensor1D,
      params(`${path}.bias`) as tf.Tensor1D,
      { centred, variance },
    );
  };
}

/**
 * A batch's images less their mean, over their standard deviation, times γ, plus β, per channel.
 *
 * The gradient is written out, where automatic differentiation would go over the images twice as often. With
 * x̂ = (x − mean) / deviation and n values a channel: dβ = Σ dy, dγ = Σ dy·x̂, dx = γ / deviation · (dy − dβ/n − x̂·dγ/n).
 *
 * @param x [B, H, W, C]
 * @param gamma [C]
 * @param beta [C]
 * @param moments of x: x less its mean, [B, H, W, C], and its biased variance, [C]
 * @see Ioffe & Szegedy (arXiv 1502.03167), §3
 */
function normaliseBatch(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  {
    centred,
    variance,
  }: { readonly centred: tf.Tensor4D; readonly variance: tf.Tensor1D },
): tf.Tensor4D {
  const axes = [0, 1, 2];
  const compute = tf.customGrad<tf.Tensor4D>((...given) => {
    const [images, weight, bias, save] = given as unknown as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const [batch, height, width] = images.shape;
    const count = batch * height * width;
    const scale = tf.rsqrt<tf.Tensor1D>(tf.add(variance, epsilon));
    const gain = tf.mul<tf.Tensor1D>(weight, scale);
    save([centred, scale, gain]);
    return {
      value: tf.add<tf.Tensor4D>(tf.mul(centred, gain), bias),
      gradFunc: (dy, saved) => {
        const [away, inverse, slope] = saved as [
          tf.Tensor4D,
          tf.Tensor1D,
          tf.Tensor1D,
        ];
        const dBias = tf.sum<tf.Tensor1D>(dy, axes);
        const along = tf.sum<tf.Tensor1D>(tf.mul(dy, away), axes);
        const dWeight = tf.mul<tf.Tensor1D>(along, inverse);
        // dx as one scaled image each of dy and of x − mean, and a constant per channel.
        const back = tf.mul(tf.mul(dWeight, inverse), -1 / count);
        const shift = tf.mul(dBias, -1 / count);
        const dx = tf.mul<tf.Tensor4D>(
          tf.add(tf.add(dy, shift), tf.mul(away, back)),
          slope,
        );
        return [dx, dWeight, dBias];
      },
    };
  });
  return compute(x, gamma, beta);
}
