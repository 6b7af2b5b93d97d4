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

/** A batch normalisation by name, of images [B, H, W, C] or volumes [B, D, H, W, C]. */
export type BatchNorm = <T extends tf.Tensor>(x: T, path: string) => T;

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
 * @see Ioffe & Szegedy (arXiv 1502.03167), algorithm 1; PyTorch's `BatchNorm2d` and `BatchNorm3d` for the statistics
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
  return <T extends tf.Tensor>(x: T, path: string) => {
    const { axes, count } = placesOf(x);
    const mean = tf.mean<tf.Tensor1D>(x, axes);
    const centred = tf.sub<tf.Tensor>(x, mean);
    const variance = tf.mean<tf.Tensor1D>(tf.square(centred), axes);
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
 * @param x [B, …places, C]
 * @param gamma [C]
 * @param beta [C]
 * @param moments of x: x less its mean, of its shape, and its biased variance, [C]
 * @see Ioffe & Szegedy (arXiv 1502.03167), §3
 */
function normaliseBatch<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  {
    centred,
    variance,
  }: { readonly centred: tf.Tensor; readonly variance: tf.Tensor1D },
): T {
  const { axes, count } = placesOf(x);
  const compute = tf.customGrad<T>((...given) => {
    const [, weight, bias, save] = given as unknown as [
      T,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const scale = tf.rsqrt<tf.Tensor1D>(tf.add(variance, epsilon));
    const gain = tf.mul<tf.Tensor1D>(weight, scale);
    save([centred, scale, gain]);
    return {
      value: tf.add<T>(tf.mul(centred, gain), bias),
      gradFunc: (dy, saved) => {
        const [away, inverse, slope] = saved as [
          tf.Tensor,
          tf.Tensor1D,
          tf.Tensor1D,
        ];
        const dBias = tf.sum<tf.Tensor1D>(dy, axes);
        const along = tf.sum<tf.Tensor1D>(tf.mul(dy, away), axes);
        const dWeight = tf.mul<tf.Tensor1D>(along, inverse);
        // dx as one scaled image each of dy and of x − mean, and a constant per channel.
        const back = tf.mul(tf.mul(dWeight, inverse), -1 / count);
        const shift = tf.mul(dBias, -1 / count);
        const dx = tf.mul(tf.add(tf.add(dy, shift), tf.mul(away, back)), slope);
        return [dx, dWeight, dBias];
      },
    };
  });
  return compute(x, gamma, beta);
}

/** The axes of [B, …places, C] along which a channel's values lie, and their number. */
function placesOf({ shape }: tf.Tensor): {
  readonly axes: number[];
  readonly count: number;
} {
  const places = shape.slice(0, -1);
  return {
    axes: places.map((_, axis) => axis),
    count: places.reduce((all, length) => all * length, 1),
  };
}
