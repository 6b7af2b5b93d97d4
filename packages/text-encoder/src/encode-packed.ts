import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { TextTowerConfig } from './config.js';
import type { Weights } from './encoder-arrays.js';
import type { PackedPrompts } from './prefix-tree.js';
import { positionEmbeddingName } from './tower.js';
import { attention, blockOf, project } from './tower-blocks.js';

/** Where {@link encodePacked} finds the token embeddings: under `tokens`, beside the tower's own weights. */
export const sharedTokens = 'shared';
export const ownTokens = 'own';

/** Exact shortcuts; each can be switched off, to be tested against the long way. Default true. */
export interface EncodeOptions {
  /**
   * [SOS], and what else comes before every context vector, sees none, so in each layer its keys and values depend on
   * the weights alone: they are computed once, not for every nodule.
   */
  readonly sharedStart?: boolean;
  /** In the last layer nobody looks at any node but the [EOT]s. */
  readonly lastLayerEndsOnly?: boolean;
  /**
   * Before the first attention no node has seen another, so the tokens' queries, keys and values there are the same
   * for all nodules: they are computed once, and no gradient has to go back through them.
   */
  readonly sharedFirstLayer?: boolean;
}

/**
 * Text features of packed prompts: pure and traceable.
 *
 * Within, sequences are [N, B, W]: heads are then split off without moving anything, as `attention` says, and whatever is
 * cut off or put before a sequence lies in one piece.
 *
 * @param weights the embeddings of the packed tokens, `tokens.shared` [R, W] and `tokens.own` [N − R − C, W] (R nodes
 *   come before every context vector, C are context vectors), and the tower's, save the token embedding, as `foldNorms`
 *   makes them
 * @param context [B, S, W]
 * @returns [B, P, D], not normalised
 */
export function encodePacked(
  weights: Weights,
  config: TextTowerConfig,
  packed: PackedPrompts,
  context: tf.Tensor3D,
  {
    sharedStart = true,
    lastLayerEndsOnly = true,
    sharedFirstLayer = true,
  }: EncodeOptions = {},
): tf.Tensor3D {
  const { width, heads, layers } = config;
  const batch = context.shape[0];
  const sequences = (rows: tf.Tensor2D): tf.Tensor3D =>
    tf.reshape(rows, [rows.shape[0] / batch, batch, width]);
  const flat = (whole: tf.Tensor3D): tf.Tensor2D =>
    tf.reshape(whole, [-1, width]);
  const lastRows = (whole: tf.Tensor3D, count: number): tf.Tensor3D =>
    whole.shape[0] === count
      ? whole
      : tf.slice(whole, [whole.shape[0] - count, 0, 0], [count, batch, width]);
  const joined = (parts: readonly (tf.Tensor3D | null)[]): tf.Tensor3D => {
    const present = parts.filter((part) => part !== null);
    return present.length === 1 && present[0] !== undefined
      ? present[0]
      : tf.concat(present, 0);
  };

  const nodes = embedNodes(weights, packed, context);
  const mask = tf.tensor2d(packed.mask.data, [packed.length, packed.length]);
  const tips = new Set(packed.ends).size;
  // What all nodules share are a few rows; `x` holds the rows that each has for itself.
  let first = nodes.shared;
  const shared = packed.sharedTokens.length;
  let x = flat(
    joined([
      sharedStart ? null : repeat(first, batch),
      nodes.context,
      repeat(nodes.own, batch),
    ]),
  );
  for (let layer = 0; layer < layers; layer++) {
    const block = blockOf(weights, layer, config);
    const ends = lastLayerEndsOnly && layer === layers - 1;
    /** Queries, keys and values of rows that every nodule has for itself, as sequences; queries of the last only. */
    const seek = (rows: tf.Tensor2D, last?: number): readonly tf.Tensor3D[] => {
      const normal = block.normalise(rows);
      const asking =
        last === undefined ? normal : flat(lastRows(sequences(normal), last));
      return [block.query(asking), block.key(normal), block.value(normal)].map(
        sequences,
      );
    };
    /** Those of rows that all share, [R, W], repeated. */
    const seekOnce = (rows: tf.Tensor2D): readonly tf.Tensor3D[] => {
      const normal = block.normalise(rows);
      return [block.query, block.key, block.value].map((part) =>
        repeat(part(normal), batch),
      );
    };
    const once = sharedFirstLayer && layer === 0 && nodes.context !== null;
    const own = once
      ? merge(joined, [
          sharedStart ? null : seekOnce(first),
          seek(flat(nodes.context)),
          seekOnce(nodes.own),
        ])
      : seek(x, ends ? tips : undefined);
    let [queries, keys, values] = own as [
      tf.Tensor3D,
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    if (sharedStart) {
      const normal = block.normalise(first);
      const [key, value] = [block.key(normal), block.value(normal)];
      keys = tf.concat([repeat(key, batch), keys], 0);
      values = tf.concat([repeat(value, batch), values], 0);
      first = block.finish(
        first,
        // One that sees only itself gets its own value, whatever the score.
        shared === 1
          ? value
          : attention(
              tf.expandDims(block.query(normal), 1),
              tf.expandDims(key, 1),
              tf.expandDims(value, 1),
              tf.slice(mask, [0, 0], [shared, shared]),
              heads,
            ),
      );
    }
    if (ends) {
      x = flat(lastRows(sequences(x), tips));
      queries = lastRows(queries, tips);
    }
    const seen = tf.slice(mask, [packed.length - queries.shape[0], 0]);
    x = block.finish(x, attention(queries, keys, values, seen, heads));
  }
  const features = project(flat(lastRows(sequences(x), tips)), weights, config);
  const ofNodes = tf.reshape<tf.Rank.R3>(features, [
    tips,
    batch,
    config.embedding,
  ]);
  return promptsOfTips(tf.transpose<tf.Tensor3D>(ofNodes, [1, 0, 2]), packed);
}

/** Joins queries with queries, keys with keys, and values with values. */
function merge(
  join: (parts: readonly (tf.Tensor3D | null)[]) => tf.Tensor3D,
  parts: readonly (readonly tf.Tensor3D[] | null)[],
): readonly tf.Tensor3D[] {
  return [0, 1, 2].map((kind) =>
    join(parts.map((part) => (part === null ? null : at(part, kind)))),
  );
}

/** The nodes as they enter the first layer: token or context vector plus position. */
interface Nodes {
  /** those before every context vector, [R, W] */
  readonly shared: tf.Tensor2D;
  /** [C, B, W]; null where there is none */
  readonly context: tf.Tensor3D | null;
  /** the other tokens, [N − R − C, W] */
  readonly own: tf.Tensor2D;
}

function embedNodes(
  weights: Weights,
  { slots, sharedTokens: before, contextSlots, positions }: PackedPrompts,
  context: tf.Tensor3D,
): Nodes {
  const places = tf.gather(
    weights(positionEmbeddingName) as tf.Tensor2D,
    tf.tensor1d([...positions], 'int32'),
  );
  const between = (begin: number, end: number): tf.Tensor2D =>
    tf.slice(places, [begin, 0], [end - begin, -1]);
  const shared = before.length;
  const after = shared + contextSlots.length;
  const inOrder =
    slots === contextSlots.length &&
    contextSlots.every((slot, i) => slot === i);
  const vectors = inOrder
    ? context
    : tf.gather(context, tf.tensor1d([...contextSlots], 'int32'), 1);
  return {
    shared: tf.add(weights(`tokens.${sharedTokens}`), between(0, shared)),
    context:
      contextSlots.length === 0
        ? null
        : tf.add(
            tf.transpose(vectors, [1, 0, 2]),
            tf.expandDims(between(shared, after), 1),
          ),
    own: tf.add(
      weights(`tokens.${ownTokens}`),
      between(after, positions.length),
    ),
  };
}

/** [R, W] to [R, B, W]. */
function repeat(rows: tf.Tensor2D, batch: number): tf.Tensor3D {
  return tf.tile(tf.expandDims(rows, 1), [1, batch, 1]);
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
