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
  sosTokenName,
  suffixTokensName,
} from './encode.js';
import { PromptError } from './errors.js';
import { inMicroBatches } from './micro-batch.js';
import { type PackedPrompts, packPrompts } from './prefix-tree.js';
import type { PromptTokens } from './prompts.js';
import { embedTokens } from './token-embeddings.js';
import { type TextTower, tokenEmbeddingName } from './tower.js';
import { foldNorms, weightsOf } from './transformer.js';

/** Encodes a fixed set of prompts whose context vectors are given anew each time. */
export interface PromptEncoder {
  /** P */
  readonly promptCount: number;
  /** T */
  readonly contextLength: number;
  /** W */
  readonly width: number;
  /** D */
  readonly embedding: number;
  /**
   * Every array that `encode` needs: the tower's weights by their Hugging Face names, without the table of token
   * embeddings, and the rows of that table which the prompts need, `tokens.sos` and `tokens.suffix`.
   */
  readonly frozen: Tree<NdArray<'float32'>>;
  /**
   * Pure and traceable, differentiable in the context and in every weight.
   *
   * @param frozen  {@link PromptEncoder.frozen} as tensors
   * @param context [B, T, W], or [1, T, W] where it is the same for all nodules
   * @returns text features, not normalised, [B, P, D]
   * @throws {@link ShapeError} for a context of another shape
   */
  encode(frozen: Tree<tf.Tensor>, context: tf.Tensor3D): tf.Tensor3D;
}

/** A {@link PromptEncoder} that runs all prompts of a nodule as one sequence. */
export interface PackedPromptEncoder extends PromptEncoder {
  readonly packed: PackedPrompts;
}

export interface PromptEncoderOptions extends EncodeOptions {
  /** Share equal beginnings after the context; see {@link packPrompts}. Default true. */
  readonly prefixTree?: boolean;
  /** How many nodules run at a time, to bound memory; see {@link inMicroBatches}. Default: all. */
  readonly microBatch?: number;
}

/** The arrays that run packed prompts through a tower: see {@link PromptEncoder.frozen}. */
export function prepareFrozen(
  tower: TextTower,
  packed: PackedPrompts,
): Tree<NdArray<'float32'>> {
  return treeOf([
    ...leaves(tower.weights).filter(([name]) => name !== tokenEmbeddingName),
    [sosTokenName, embedTokens(tower, [tower.tokenizer.sos])],
    [suffixTokensName, embedTokens(tower, packed.tokenIds)],
  ]);
}

/**
 * @param prompts       what follows the context, one for each class or attribute
 * @param contextLength T
 * @throws {@link PromptError} when a prompt is too long for the tower, or not read where it ends
 */
export function createPromptEncoder(
  tower: TextTower,
  prompts: readonly PromptTokens[],
  contextLength: number,
  { prefixTree = true, microBatch, ...shortcuts }: PromptEncoderOptions = {},
): PackedPromptEncoder {
  const { config, tokenizer } = tower;
  const { width, embedding, positions } = config;
  checkReadable(tower, prompts);
  const packed = packPrompts(prompts, contextLength, {
    eot: tokenizer.eot,
    positions,
    prefixTree,
  });
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
    contextLength,
    width,
    embedding,
    packed,
    frozen: prepareFrozen(tower, packed),
    encode(frozen, context) {
      checkContext(context, contextLength, tower);
      return tf.tidy(() => encode(foldNorms(frozen, config), context));
    },
  };
}

/**
 * @throws {@link PromptError} for a prompt that the tower would not read at its [EOT]: see `TextTowerConfig.readAt`
 */
export function checkReadable(
  { name, tokenizer: { eot }, config: { readAt } }: TextTower,
  prompts: readonly PromptTokens[],
): void {
  if (readAt === 'eot') return;
  for (const { text, suffix } of prompts) {
    const behind = suffix.find((id) => id > eot);
    if (behind !== undefined) {
      throw new PromptError(
        `"${text}" has the token ${behind}, and the text tower ${name} reads features at the largest id, which must be [EOT], ${eot}: leave out tokens that were added to the vocabulary`,
      );
    }
  }
}

/** @throws {@link ShapeError} for a context that is not [B, T, W] */
export function checkContext(
  { shape }: tf.Tensor3D,
  contextLength: number,
  { name, config: { width } }: TextTower,
): void {
  if (shape[1] !== contextLength || shape[2] !== width) {
    throw new ShapeError(
      `the context is [${shape.join(', ')}], the prompts of the text tower ${name} take [B, ${contextLength}, ${width}]`,
    );
  }
}
