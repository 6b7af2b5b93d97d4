import { type NdArray, ShapeError } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { EncoderArrays } from './encoder-arrays.js';
import { PromptError } from './errors.js';
import type { Prompt } from './prompts.js';
import type { TextTower } from './tower.js';

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
