import { leaves, treeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { sosTokenName, suffixTokensName } from './encode.js';
import { PromptError } from './errors.js';
import {
  checkContext,
  checkReadable,
  type PromptEncoder,
} from './prompt-encoder.js';
import type { PromptTokens } from './prompts.js';
import { embedTokens } from './token-embeddings.js';
import {
  positionEmbeddingName,
  type TextTower,
  tokenEmbeddingName,
} from './tower.js';
import {
  attention,
  blockOf,
  foldNorms,
  project,
  weightsOf,
} from './transformer.js';

/**
 * The tower as CLIP and CoOp run it: every prompt of every nodule is a sequence of its own, padded with [EOT] to all
 * positions, under a causal mask. It computes what `createPromptEncoder`'s computes, many times slower: it is the
 * reference of tests and benchmarks.
 *
 * @throws {@link PromptError} when a prompt is longer than the tower's positions
 */
export function createNaiveEncoder(
  tower: TextTower,
  prompts: readonly PromptTokens[],
  contextLength: number,
): PromptEncoder {
  const { config, tokenizer } = tower;
  const { width, embedding, positions, layers, heads } = config;
  checkReadable(tower, prompts);
  const after = positions - 1 - contextLength;
  const count = prompts.length;
  const ids = prompts.flatMap(({ text, suffix }) => {
    if (suffix.length + 1 > after) {
      throw new PromptError(
        `"${text}" takes ${2 + contextLength + suffix.length} tokens, the tower has ${positions} positions`,
      );
    }
    const padding = after - suffix.length;
    return [...suffix, ...Array<number>(padding).fill(tokenizer.eot)];
  });
  const causal = Float32Array.from(
    { length: positions * positions },
    (_, at) => (at % positions > Math.floor(at / positions) ? -1e9 : 0),
  );
  return {
    promptCount: count,
    contextLength,
    width,
    embedding,
    frozen: treeOf([
      ...leaves(tower.weights).filter(([name]) => name !== tokenEmbeddingName),
      [sosTokenName, embedTokens(tower, [tokenizer.sos])],
      [suffixTokensName, embedTokens(tower, ids)],
    ]),
    encode(frozen, context) {
      checkContext(context, contextLength, tower);
      const batch = context.shape[0];
      const rows = [batch * count * positions, width] as const;
      const spread = (x: tf.Tensor, length: number): tf.Tensor4D =>
        tf.add(tf.zeros([batch, count, length, width]), x);
      return tf.tidy(() => {
        const weights = weightsOf(foldNorms(frozen, config));
        const suffixes = tf.reshape(weights(suffixTokensName), [
          1,
          count,
          after,
          width,
        ]);
        const tokens = tf.concat(
          [
            spread(weights(sosTokenName), 1),
            ...(contextLength === 0
              ? []
              : [spread(tf.expandDims(context, 1), contextLength)]),
            spread(suffixes, after),
          ],
          2,
        );
        let x: tf.Tensor2D = tf.reshape(
          tf.add(tokens, weights(positionEmbeddingName)),
          [...rows],
        );
        const mask = tf.tensor2d(causal, [positions, positions]);
        const sequences = (flat: tf.Tensor2D): tf.Tensor3D =>
          tf.reshape(flat, [batch * count, positions, width]);
        for (let layer = 0; layer < layers; layer++) {
          const block = blockOf(weights, layer, config);
          const normal = block.normalise(x);
          const [q, k, v] = [block.query, block.key, block.value].map(
            (project) => sequences(project(normal)),
          ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
          x = block.finish(x, attention(q, k, v, mask, heads));
        }
        const states = tf.reshape(x, [batch, count, positions, width]);
        const read = prompts.map(({ suffix }, prompt) =>
          tf.slice(
            states,
            [0, prompt, 1 + contextLength + suffix.length, 0],
            [batch, 1, 1, width],
          ),
        );
        const ends = tf.reshape<tf.Rank.R2>(tf.concat(read, 1), [
          batch * count,
          width,
        ]);
        const features = project(ends, weights, config);
        return tf.reshape(features, [batch, count, embedding]);
      });
    },
  };
}
