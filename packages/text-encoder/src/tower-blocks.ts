import * as tf from '@tensorflow/tfjs-core';
import type { TextTowerConfig } from './config.js';
import type { Weights } from './encoder-arrays.js';
import { lastName, type Linear, linearOf } from './folded-weights.js';
import { blockName } from './tower.js';

/** Rows are 2-D, because a 2-D product is what every engine does fastest. */
function linear(rows: tf.Tensor2D, { weight, bias }: Linear): tf.Tensor2D {
  return tf.add(tf.matMul<tf.Tensor2D>(rows, weight, false, true), bias);
}

/**
 * A function of rows with its gradient written out, where automatic differentiation would go over the rows more often.
 *
 * @param forward  gives the value, and what the gradient is computed from
 * @param backward the gradient in the rows, from the one in the value and what `forward` kept
 */
function differentiable<Kept extends readonly tf.Tensor[]>(
  rows: tf.Tensor2D,
  forward: (x: tf.Tensor2D) => { value: tf.Tensor2D; kept: Kept },
  backward: (dy: tf.Tensor2D, kept: Kept) => tf.Tensor2D,
): tf.Tensor2D {
  const compute = tf.customGrad<tf.Tensor2D>((...given) => {
    const [x, save] = given as [tf.Tensor2D, tf.GradSaveFunc];
    const { value, kept } = forward(x);
    save([...kept]);
    return {
      value,
      gradFunc: (dy, saved) => backward(dy, saved as unknown as Kept),
    };
  });
  return compute(rows);
}

/** Each row less its mean, over its (biased) standard deviation: layer normalisation without scale and shift. */
function standardise(rows: tf.Tensor2D, epsilon: number): tf.Tensor2D {
  return differentiable(
    rows,
    (x) => {
      const centred = tf.sub(x, tf.mean(x, 1, true));
      const variance = tf.mean(tf.square(centred), 1, true);
      const scale = tf.rsqrt(tf.add(variance, epsilon));
      const value = tf.mul<tf.Tensor2D>(centred, scale);
      return { value, kept: [value, scale] as const };
    },
    (dy, [normal, scale]) => {
      const along = tf.mul(normal, tf.mean(tf.mul(dy, normal), 1, true));
      const across = tf.sub(dy, tf.mean(dy, 1, true));
      return tf.mul(scale, tf.sub(across, along));
    },
  );
}

/** x·σ(x). */
function silu(rows: tf.Tensor2D): tf.Tensor2D {
  return differentiable(
    rows,
    (x) => {
      const gate = tf.sigmoid(x);
      const value = tf.mul<tf.Tensor2D>(x, gate);
      return { value, kept: [gate, value] as const };
    },
    (dy, [gate, value]) =>
      tf.mul(dy, tf.add(gate, tf.mul(value, tf.sub(1, gate)))),
  );
}

/** Both layers of a block's feed-forward part, from standardised rows. */
function feedForward(
  normal: tf.Tensor2D,
  into: Linear,
  back: Linear,
  activation: TextTowerConfig['activation'],
): tf.Tensor2D {
  const units = linear(normal, into);
  switch (activation) {
    case 'quick_gelu':
      // x·σ(1.702·x) is u·σ(u)/1.702 of u = 1.702·x, and both factors are in the weights.
      return linear(silu(units), back);
    case 'gelu': {
      const share = tf.add(tf.erf(tf.mul(units, Math.SQRT1_2)), 1);
      return linear(tf.mul(tf.mul(units, 0.5), share), back);
    }
  }
}

/**
 * The tower's last steps: the final normalisation and, where there is one, the projection to D, of rows [R, W].
 *
 * @param folded what `foldNorms` made
 */
export function project(
  rows: tf.Tensor2D,
  folded: Weights,
  { epsilon, projection }: TextTowerConfig,
): tf.Tensor2D {
  const normal = standardise(rows, epsilon);
  const last = linearOf(folded, lastName);
  return projection
    ? linear(normal, last)
    : tf.add(tf.mul(normal, last.weight), last.bias);
}

/**
 * Attention of several heads.
 *
 * Sequences come with the nodules inside: a matrix whose rows are the outermost axis is what ONNX Runtime multiplies
 * without transposing it first (`transBatchA` of FusedMatMul).
 *
 * @param queries [Q, B, W], already divided by the square root of a head's width
 * @param keys    [N, B, W]
 * @param values  [N, B, W]
 * @param mask    added to the scores, [Q, N]
 * @returns rows, [Q·B, W]
 */
export function attention(
  queries: tf.Tensor3D,
  keys: tf.Tensor3D,
  values: tf.Tensor3D,
  mask: tf.Tensor2D,
  heads: number,
): tf.Tensor2D {
  const [count, batch, width] = queries.shape;
  const depth = width / heads;
  const split = (x: tf.Tensor3D): tf.Tensor4D =>
    tf.transpose(
      tf.reshape(x, [x.shape[0], batch, heads, depth]),
      [1, 2, 0, 3],
    );
  const scores = tf.matMul<tf.Tensor4D>(
    split(queries),
    split(keys),
    false,
    true,
  );
  const shares = tf.softmax(tf.add(scores, mask));
  const mixed = tf.matMul<tf.Tensor4D>(shares, split(values));
  return tf.reshape(tf.transpose(mixed, [2, 0, 1, 3]), [batch * count, width]);
}

/** One pre-norm block of the tower, as the steps that its callers put together. All rows are [R, W]. */
export interface Block {
  readonly normalise: (rows: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows, scaled as {@link attention} takes them */
  readonly query: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows */
  readonly key: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** from normalised rows */
  readonly value: (normal: tf.Tensor2D) => tf.Tensor2D;
  /** Adds what attention found, then the feed-forward layers' part. */
  readonly finish: (rows: tf.Tensor2D, attended: tf.Tensor2D) => tf.Tensor2D;
}

/** @param folded what `foldNorms` made */
export function blockOf(
  folded: Weights,
  layer: number,
  { epsilon, activation }: TextTowerConfig,
): Block {
  const own = (part: string): Linear =>
    linearOf(folded, `${blockName(layer)}.${part}`);
  const from =
    (part: string) =>
    (normal: tf.Tensor2D): tf.Tensor2D =>
      linear(normal, own(`self_attn.${part}`));
  return {
    normalise: (rows) => standardise(rows, epsilon),
    query: from('q_proj'),
    key: from('k_proj'),
    value: from('v_proj'),
    finish: (rows, attended) => {
      const sum = tf.add<tf.Tensor2D>(rows, from('out_proj')(attended));
      const normal = standardise(sum, epsilon);
      return tf.add(
        sum,
        feedForward(normal, own('mlp.fc1'), own('mlp.fc2'), activation),
      );
    },
  };
}
