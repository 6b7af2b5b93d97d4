import * as tf from '@tensorflow/tfjs-core';

import { type Lookup, ones, type Weight, zeros } from './weights.js';

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
export function frozenBatchNorm(params: Lookup, statistics: Lookup): BatchNorm {
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
  params: Lookup,
  statistics: Lookup,
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
    const mean = tf.mean(x, [0, 1, 2]);
    const centred = tf.sub<tf.Tensor4D>(x, mean);
    const variance = tf.mean(tf.square(centred), [0, 1, 2]);
    move(`${path}.running_mean`, mean);
    move(`${path}.running_var`, tf.mul(variance, count / (count - 1)));
    const gain = tf.mul(
      params(`${path}.weight`),
      tf.rsqrt(tf.add(variance, epsilon)),
    );
    return tf.add(tf.mul(centred, gain), params(`${path}.bias`));
  };
}
