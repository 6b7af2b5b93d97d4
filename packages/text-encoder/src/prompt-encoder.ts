import {
  leaves,
  type NdArray,
  ShapeError,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  encodePacked,
  type EncodeOptions,
  ownTokens,
  sharedTokens,
} from './encode.js';
import { PromptError } from './errors.js';
import { inMicroBatches } from './micro-batch.js';
import { type PackedPrompts, packPrompts } from './prefix-tree.js';
import type { Prompt } from './prompts.js';
import { embedTokens } from './token-embeddings.js';
import { type TextTower, tokenEmbeddingName } from './tower.js';
import { foldNorms, weightsOf } from './transformer.js';

/** Every array that runs prompts through a tower. */
export type EncoderArrays<Leaf> = {
  /** what {@link learnableWeights} gives: trained, or constants */
  readonly tower: Tree<Leaf>;
  /** the rows of the token embedding that the prompts need */
  readonly tokens: Tree<Leaf>;
};

/** Encodes a fixed set of prompts whose context vectors are given anew each time. */
export interface PromptEncoder {
  /** P */
  readonly promptCount: number;
  /** S, the context vectors that the prompts take */
  readonly slots: number;
  /** W */
  readonly width: number;
  /** D */
  readonly embedding: number;
  readonly frozen: EncoderArrays<NdArray<'float32'>>;
  /**
   * Pure and traceable, differentiable in the context and in every weight.
   *
   * @param frozen  {@link PromptEncoder.frozen} as tensors
   * @param context [B, S, W], or [1, S, W] where it is the same for all nodules
   * @returns text features, not normalised, [B, P, D]
   * @throws {@link ShapeError} for a context of another shape
   */
  encode(frozen: EncoderArrays<tf.Tensor>, context: tf.Tensor3D): tf.Tensor3D;
}

/** A {@link PromptEncoder} that runs all prompts of a nodule as one sequence. */
export interface PackedPromptEncoder extends PromptEncoder {
  readonly packed: PackedPrompts;
}

export interface PromptEncoderOptions extends EncodeOptions {
  /** Share equal beginnings; see {@link packPrompts}. Default true. */
  readonly prefixTree?: boolean;
  /** How many nodules run at a time, to bound memory; see {@link inMicroBatches}. Default: all. */
  readonly microBatch?: number;
}

/**
 * The weights of a tower that can be learned with the rest, by their Hugging Face names: all but the table of token
 * embeddings, of which prompts need a few rows, and which training leaves as it is.
 */
export function learnableWeights({
  weights,
}: Pick<TextTower, 'weights'>): Tree<NdArray<'float32'>> {
  return treeOf(
    leaves(weights).filter(([name]) => name !== tokenEmbeddingName),
  );
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

/**
 * @throws {@link PromptError} for a prompt that the tower would not read at its [EOT]: see `TextTowerConfig.readAt`
 */
export function checkReadable(
  { name, tokenizer: { eot }, config: { readAt } }: TextTower,
  prompts: readonly Prompt[],
): void {
  if (readAt === 'eot') return;
  for (const { text, items } of prompts) {
    for (const item of items) {
      if (!('token' in item && item.token > eot)) continue;
      throw new PromptError(
        `"${text}" has the token ${item.token}, and the text tower ${name} reads features at the largest id, which must be [EOT], ${eot}: leave out tokens that were added to the vocabulary`,
      );
    }
  }
}

/** @throws {@link ShapeError} for a context that is not [B, S, W] */
export function checkContext(
  { shape }: tf.Tensor3D,
  slots: number,
  { name, config: { width } }: TextTower,
): void {
  if (shape[1] !== slots || shape[2] !== width) {
    throw new ShapeError(
      `the context is [${shape.join(', ')}], the prompts of the text tower ${name} take [B, ${slots}, ${width}]`,
    );
  }
}
