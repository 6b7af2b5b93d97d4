import * as tf from '@tensorflow/tfjs-core';
import type { TextTowerConfig } from './config.js';
import type { PackedPrompts } from './prefix-tree.js';
import { positionEmbeddingName } from './tower.js';
import { attention, blockOf, project, type Weights } from './transformer.js';

/** Where {@link encodePacked} finds the token embeddings, beside the tower's own weights. */
export const sosTokenName = 'tokens.sos';
export const suffixTokensName = 'tokens.suffix';

/** Exact shortcuts; each can be switched off, to be tested against the long way. Default true. */
export interface EncodeOptions {
  /**
   * [SOS] sees only itself, so in each layer its key and value depend on the weights alone: they are computed once,
   * not for every nodule.
   */
  readonly sharedStart?: boolean;
  /** In the last layer nobody looks at any node but the [EOT]s. */
  readonly lastLayerEndsOnly?: boolean;
}

/**
 * Text features of packed prompts: pure and traceable.
 *
 * @param weights `tokens.sos` [1, W], `tokens.suffix` [N − 1 − T, W], and the tower's, save the token embedding
 * @param context [B, T, W]
 * @returns [B, P, D], not normalised
 */
export function encodePacked(
  weights: Weights,
  config: TextTowerConfig,
  packed: PackedPrompts,
  context: tf.Tensor3D,
  { sharedStart = true, lastLayerEndsOnly = true }: EncodeOptions = {},
): tf.Tensor3D {
  const { width, heads, layers } = config;
  const batch = context.shape[0];
  const sequences = (rows: tf.Tensor2D): tf.Tensor3D =>
    tf.reshape(rows, [batch, rows.shape[0] / batch, width]);
  const lastRows = (rows: tf.Tensor2D, count: number): tf.Tensor2D => {
    const whole = sequences(rows);
    const from = whole.shape[1] - count;
    return tf.reshape(tf.slice(whole, [0, from, 0], [batch, count, width]), [
      batch * count,
      width,
    ]);
  };

  const { start, rest } = embedNodes(weights, packed, context);
  const mask = tf.tensor2d(packed.mask.data, [packed.length, packed.length]);
  const tips = new Set(packed.ends).size;
  // What all nodules share is one row; `x` holds the rows that each has for itself.
  let first = start;
  let x: tf.Tensor2D = tf.reshape(
    sharedStart ? rest : tf.concat([repeat(first, batch), rest], 1),
    [-1, width],
  );
  for (let layer = 0; layer < layers; layer++) {
    const block = blockOf(weights, layer, config);
    let normal = block.normalise(x);
    let keys = sequences(block.key(normal));
    let values = sequences(block.value(normal));
    if (sharedStart) {
      const normalFirst = block.normalise(first);
      const value = block.value(normalFirst);
      keys = tf.concat([repeat(block.key(normalFirst), batch), keys], 1);
      values = tf.concat([repeat(value, batch), values], 1);
      // One that sees only itself gets its own value, whatever the score.
      first = block.finish(first, value);
    }
    if (lastLayerEndsOnly && layer === layers - 1) {
      x = lastRows(x, tips);
      normal = lastRows(normal, tips);
    }
    const queries = sequences(block.query(normal));
    const seen = tf.slice(mask, [packed.length - queries.shape[1], 0]);
    x = block.finish(x, attention(queries, keys, values, seen, heads));
  }
  const features = project(lastRows(x, tips), weights, config);
  return promptsOfTips(
    tf.reshape(features, [batch, tips, config.embedding]),
    packed,
  );
}

/** Token or context vector plus position: of [SOS], [1, W], and of the other nodes, [B, N − 1, W]. */
function embedNodes(
  weights: Weights,
  { contextLength, positions }: PackedPrompts,
  context: tf.Tensor3D,
): { readonly start: tf.Tensor2D; readonly rest: tf.Tensor3D } {
  const places = tf.gather(
    weights(positionEmbeddingName) as tf.Tensor2D,
    tf.tensor1d([...positions], 'int32'),
  );
  const between = (begin: number, end: number): tf.Tensor2D =>
    tf.slice(places, [begin, 0], [end - begin, -1]);
  const suffix = tf.add<tf.Tensor2D>(
    weights(suffixTokensName),
    between(1 + contextLength, positions.length),
  );
  const suffixes = repeat(suffix, context.shape[0]);
  return {
    start: tf.add(weights(sosTokenName), between(0, 1)),
    rest:
      contextLength === 0
        ? suffixes
        : tf.concat(
            [tf.add(context, between(1, 1 + contextLength)), suffixes],
            1,
          ),
  };
}

/** [R, W] to [B, R, W]. */
function repeat(rows: tf.Tensor2D, batch: number): tf.Tensor3D {
  return tf.tile(tf.expandDims(rows, 0), [batch, 1, 1]);
}

/** Features of the [EOT] nodes, in the order of the nodes, to those of the prompts, of which equal ones share a node. */
function promptsOfTips(
  features: tf.Tensor3D,
  { ends, length }: PackedPrompts,
): tf.Tensor3D {
  const from = length - features.shape[1];
  const tips = ends.map((end) => end - from);
  return tips.every((tip, prompt) => tip === prompt)
    ? features
    : tf.gather(features, tf.tensor1d(tips, 'int32'), 1);
}
