import type { NdArray, Tree } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { Model } from '../src/model.js';

type Tensors = Tree<tf.Tensor>;

interface Image {
  readonly reduce: { readonly weight: tf.Tensor2D };
  readonly bn: { readonly weight: tf.Tensor; readonly bias: tf.Tensor };
}

interface Statistics {
  readonly bn: {
    readonly running_mean: tf.Tensor;
    readonly running_var: tf.Tensor;
  };
}

/**
 * The model of tools/reference/training_step.py: linear, batch normalisation, ReLU, linear, cross-entropy. Images are [B, 6],
 * of which nothing but a model itself knows.
 *
 * @param start its parameters and statistics
 * @param normalises whether the batch's own mean and variance are used; else there is no normalisation at all
 */
export function smallModel(
  start: {
    readonly params: Tree<NdArray<'float32'>>;
    readonly statistics: Tree<NdArray<'float32'>>;
  },
  { normalises }: { readonly normalises: boolean },
): Model {
  return {
    classes: ['benign', 'unsure', 'malignant'],
    attributes: [],
    fields: [],
    textFields: [],
    frozen: {},
    cropSize: 6,
    init: () => start,
    loss(params, before, { images, targets }) {
      const { reduce, bn } = params.image as unknown as Image;
      const { fc } = params.head as unknown as {
        readonly fc: { readonly weight: tf.Tensor2D; readonly bias: tf.Tensor };
      };
      const product = tf.matMul<tf.Tensor2D>(
        images,
        reduce.weight,
        false,
        true,
      );
      const { hidden, statistics } = normalises
        ? normalised(product, bn, before as unknown as Statistics)
        : { hidden: product, statistics: before };
      const logits = tf.add<tf.Tensor2D>(
        tf.matMul<tf.Tensor2D>(
          tf.relu<tf.Tensor2D>(hidden),
          fc.weight,
          false,
          true,
        ),
        fc.bias,
      );
      const losses = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1));
      const total = tf.mean<tf.Scalar>(losses);
      return { total, terms: { 'cross-entropy': total }, logits, statistics };
    },
    predict() {
      throw new Error('is for training alone');
    },
    layers: [],
    predictByTexts: undefined,
    attributeScores: undefined,
  };
}

/** As `torch.nn.BatchNorm1d` while it trains: the variance that is kept is divided by B − 1. */
function normalised(
  x: tf.Tensor2D,
  { weight, bias }: Image['bn'],
  { bn: before }: Statistics,
): { readonly hidden: tf.Tensor2D; readonly statistics: Tensors } {
  const [batch] = x.shape;
  const mean = tf.mean(x, 0);
  const centred = tf.sub<tf.Tensor2D>(x, mean);
  const variance = tf.mean(tf.square(centred), 0);
  const kept = (old: tf.Tensor, now: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(old, 0.9), tf.mul(now, 0.1));
  return {
    hidden: tf.add<tf.Tensor2D>(
      tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, 1e-5))), weight),
      bias,
    ),
    statistics: {
      bn: {
        running_mean: kept(before.running_mean, mean),
        running_var: kept(
          before.running_var,
          tf.mul(variance, batch / (batch - 1)),
        ),
      },
    },
  };
}
