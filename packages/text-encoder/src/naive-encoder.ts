import * as tf from '@tensorflow/tfjs-core';
import { learnableWeights, weightsOf } from './encoder-arrays.js';
import { PromptError } from './errors.js';
import { foldNorms } from './folded-weights.js';
import {
  checkContext,
  checkReadable,
  type PromptEncoder,
} from './prompt-encoder.js';
import type { Prompt } from './prompts.js';
import { embedTokens } from './token-embeddings.js';
import { positionEmbeddingName, type TextTower } from './tower.js';
import { attention, blockOf, project } from './tower-blocks.js';

/**
 * The tower as CLIP and CoOp run it: every prompt of every nodule is a sequence of its own, padded with [EOT] to all
 * positions, under a causal mask. It computes what `createPromptEncoder`'s computes, many times slower: it is the
 * reference of tests and benchmarks.
 *
 * @throws {@link PromptError} when a prompt is longer than the tower's positions
 */
export function createNaiveEncoder(
  tower: TextTower,
  prompts: readonly Prompt[],
): PromptEncoder {
  const { config, tokenizer } = tower;
  const { width, embedding, positions, layers, heads } = config;
  checkReadable(tower, prompts);
  const count = prompts.length;
  const sequences = prompts.map(({ text, items }) => {
    const length = items.length + 2;
    if (length > positions) {
      throw new PromptError(
        `"${text}" takes ${length} tokens, the tower has ${positions} positions`,
      );
    }
    const end = { token: tokenizer.eot };
    return [
      { token: tokenizer.sos },
      ...items,
      ...Array.from({ length: positions - length + 1 }, () => end),
    ];
  });
  const all = sequences.flat();
  const slots =
    Math.max(-1, ...all.map((item) => ('slot' in item ? item.slot : -1))) + 1;
  const ids = [
    ...new Set(all.flatMap((item) => ('token' in item ? item.token : []))),
  ];
  /** of each item, among the context vectors and then the tokens' embeddings */
  const rows = all.map((item) =>
    'slot' in item ? item.slot : slots + ids.indexOf(item.token),
  );
  const tokens = { all: embedTokens(tower, ids) };
  const causal = Float32Array.from(
    { length: positions * positions },
    (_, at) => (at % positions > Math.floor(at / positions) ? -1e9 : 0),
  );
  return {
    promptCount: count,
    slots,
    width,
    embedding,
    frozen: { tower: learnableWeights(tower), tokens },
    encode(frozen, context) {
      checkContext(context, slots, tower);
      const batch = context.shape[0];
      return tf.tidy(() => {
        const weights = weightsOf(foldNorms(frozen, config));
        const known = tf.concat(
          [
            context,
            tf.tile(tf.expandDims(weights('tokens.all'), 0), [batch, 1, 1]),
          ].slice(slots === 0 ? 1 : 0),
          1,
        );
        const tokens = tf.reshape(
          tf.gather(known, tf.tensor1d(rows, 'int32'), 1),
          [batch * count, positions, width],
        );
        let x: tf.Tensor2D = tf.reshape(
          tf.transpose(
            tf.add(tokens, weights(positionEmbeddingName)),
            [1, 0, 2],
          ),
          [positions * batch * count, width],
        );
        const mask = tf.tensor2d(causal, [positions, positions]);
        const apart = (flat: tf.Tensor2D): tf.Tensor3D =>
          tf.reshape(flat, [positions, batch * count, width]);
        for (let layer = 0; layer < layers; layer++) {
          const block = blockOf(weights, layer, config);
          const normal = block.normalise(x);
          const [q, k, v] = [block.query, block.key, block.value].map(
            (project) => apart(project(normal)),
          ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
          x = block.finish(x, attention(q, k, v, mask, heads));
        }
        const states = tf.reshape(x, [positions, batch, count, width]);
        const read = prompts.map(({ items }, prompt) =>
          tf.slice(
            states,
            [1 + items.length, 0, prompt, 0],
            [1, batch, 1, width],
          ),
        );
        const ends = tf.reshape<tf.Rank.R2>(tf.concat(read, 2), [
          batch * count,
          width,
        ]);
        const features = project(ends, weights, config);
        return tf.reshape(features, [batch, count, embedding]);
      });
    },
  };
}
