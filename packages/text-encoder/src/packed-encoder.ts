import type { Tree } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  encodePacked,
  type EncodeOptions,
  ownTokens,
  sharedTokens,
} from './encode-packed.js';
import { learnableWeights, weightsOf } from './encoder-arrays.js';
import { PromptError } from './errors.js';
import { foldNorms } from './folded-weights.js';
import { inMicroBatches } from './micro-batch.js';
import { type PackedPrompts, packPrompts } from './prefix-tree.js';
import {
  checkContext,
  checkReadable,
  type PromptEncoder,
} from './prompt-encoder.js';
import type { Prompt } from './prompts.js';
import { embedTokens } from './token-embeddings.js';
import type { TextTower } from './tower.js';

/** A {@link PromptEncoder} that runs all prompts of a nodule as one sequence. */
export interface PackedPromptEncoder extends PromptEncoder {
  readonly packed: PackedPrompts;
}

export interface PromptEncoderOptions extends EncodeOptions {
  /** Share equal beginnings. Default true. */
  readonly prefixTree?: boolean;
  /** How many nodules run at a time, to bound memory. Default: all. */
  readonly microBatch?: number;
}

/**
 * @param prompts one for each class or attribute
 * @throws {@link PromptError} when a prompt is too long for the tower, or not read where it ends
 */
export function createPromptEncoder(
  tower: TextTower,
  prompts: readonly Prompt[],
  { prefixTree = true, microBatch, ...shortcuts }: PromptEncoderOptions = {},
): PackedPromptEncoder {
  const { config, tokenizer } = tower;
  const { width, embedding, positions } = config;
  checkReadable(tower, prompts);
  const { sos, eot } = tokenizer;
  const packed = packPrompts(prompts, { sos, eot, positions, prefixTree });
  const tokens = {
    [sharedTokens]: embedTokens(tower, packed.sharedTokens),
    [ownTokens]: embedTokens(tower, packed.ownTokens),
  };
  if (microBatch !== undefined && !(microBatch >= 1 && microBatch % 1 === 0)) {
    throw new PromptError(
      `the micro-batch is ${microBatch} nodules, expected a whole number of at least 1`,
    );
  }
  const encodeAll = (
    folded: Tree<tf.Tensor>,
    context: tf.Tensor3D,
  ): tf.Tensor3D =>
    encodePacked(weightsOf(folded), config, packed, context, shortcuts);
  const encode =
    microBatch === undefined
      ? encodeAll
      : inMicroBatches(encodeAll, microBatch);
  return {
    promptCount: prompts.length,
    slots: packed.slots,
    width,
    embedding,
    packed,
    frozen: { tower: learnableWeights(tower), tokens },
    encode(frozen, context) {
      checkContext(context, packed.slots, tower);
      return tf.tidy(() => encode(foldNorms(frozen, config), context));
    },
  };
}
