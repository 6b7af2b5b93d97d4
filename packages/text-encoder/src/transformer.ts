import { leaves, ShapeError, type Tree } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { TextTowerConfig } from './config.js';
import { blockName } from './tower.js';

/** Finds a weight by its dotted name. */
export type Weights = (name: string) => tf.Tensor;

/** @throws {@link ShapeError} (the returned function) for a name that the tree lacks */
export function weightsOf(tree: Tree<tf.Tensor>): Weights {
  const found = new Map(leaves(tree));
  return (name) => {
    const weight = found.get(name);
    if (weight !== undefined) return weight;
    throw new ShapeError(
      `the text tower's weights have no "${name}"; they have ${[...found.keys()].join(', ')}`,
    );
  };
}

/** Rows times a `Linear`'s [out, in] weight. Rows are 2-D, because a 2-D product is what every engine does fastest. */
export function linear(
  rows: tf.Tensor2D,
  weights: Weights,
  name: string,
): tf.Tensor2D {
  return tf.add(
    tf.matMul<tf.Tensor2D>(rows, weights(`${name}.weight`), false, true),
    weights(`${name}.bias`),
  );
}

/** Layer normalisation of each row, with the biased variance. */
export function layerNorm(
  rows: tf.Tensor2D,
  weights: Weights,
  name: string,
  epsilon: number,
): tf.Tensor2D {
  const centred = tf.sub(rows, tf.mean(rows, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(
    tf.mul(normal, weights(`${name}.weight`)),
    weights(`${name}.bias`),
  );
}

function activate<T extends tf.Tensor>(
  x: T,
  activation: TextTowerConfig['activation'],
): T {
  switch (activation) {
    case 'quick_gelu':
      return tf.mul(x, tf.sigmoid(tf.mul(x, 1.702)));
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  }
}

/**
 * Attention of several heads.
 *
 * @param queries [B, Q, W]
 * @param keys    [B, N, W]
 * @param values  [B, N, W]
 * @param mask    added to the scores, [Q, N]
 * @returns rows, [B·Q, W]
 */
export function attention(
  queries: tf.Tensor3D,
  keys: tf.Tensor3D,
  values: tf.Tensor3D,
  mask: tf.Tensor2D,
  heads: number,
): tf.Tensor2D {
  const [batch, count, width] = queries.shape;
  const depth = width / heads;
  const split = (x: tf.Tensor3D): tf.Tensor4D =>
    tf.transpose(
      tf.reshape(x, [batch, x.shape[1], heads, depth]),
      [0, 2, 1, 3],
    );
  const scaled = tf.mul<tf.Tensor3D>(queries, depth ** -0.5);
  const scores = tf.matMul<tf.Tensor4D>(
    split(scaled),
    split(keys),
    false,
    true,
  );
  const shares = tf.softmax(tf.add(scores, mask));
  const mixed = tf.matMul<tf.Tensor4D>(shares, split(values));
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * count, width]);
}

/** One pre-norm block of the tower, as the steps that its callers put together. All rows are [R, W]. */
export interface Block {
  readonly norm: (rows: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows */
  readonly query: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows */
  readonly key: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows */
  readonly value: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** Adds what attention found, then the feed-forward layers' part. */
  readonly finish: (rows: tf.Tensor2D, attended: tf.Tensor2D) => tf.Tensor2D;
}

export function blockOf(
  weights: Weights,
  layer: number,
  { epsilon, activation }: TextTowerConfig,
): Block {
  const name = blockName(layer);
  const project = (rows: tf.Tensor2D, projection: string): tf.Tensor2D =>
    linear(rows, weights, `${name}.self_attn.${projection}`);
  return {
    norm: (rows) => layerNorm(rows, weights, `${name}.layer_norm1`, epsilon),
    query: (normal) => project(normal, 'q_proj'),
    key: (normal) => project(normal, 'k_proj'),
    value: (normal) => project(normal, 'v_proj'),
    finish: (rows, attended) => {
      const sum = tf.add<tf.Tensor2D>(rows, project(attended, 'out_proj'));
      const normal = layerNorm(sum, weights, `${name}.layer_norm2`, epsilon);
      const units = linear(normal, weights, `${name}.mlp.fc1`);
      const active = activate(units, activation);
      return tf.add(sum, linear(active, weights, `${name}.mlp.fc2`));
    },
  };
}
