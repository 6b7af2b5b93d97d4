import { mapTree, type NdArray, type Tree } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { createPromptEncoder } from './prompt-encoder.js';
import { splitPrompt } from './prompts.js';
import type { TextTower } from './tower.js';

/**
 * Text features of plain texts, without learnable context, on tfjs's current backend.
 *
 * @returns [texts.length, D], not normalised
 * @throws `PromptError` for a text that is too long, or when there is none
 */
export function encodeText(
  tower: TextTower,
  texts: readonly string[],
): tf.Tensor2D {
  const prompts = texts.map(
    (text) => splitPrompt(tower.tokenizer, text, 0).prompt,
  );
  const encoder = createPromptEncoder(tower, prompts, 0);
  return tf.tidy(() => {
    const frozen: Tree<tf.Tensor> = mapTree<
      Tree<NdArray<'float32'>>,
      NdArray<'float32'>,
      tf.Tensor
    >(encoder.frozen, ({ data, shape }) => tf.tensor(data, [...shape]));
    const context = tf.zeros<tf.Rank.R3>([1, 0, encoder.width]);
    return tf.squeeze<tf.Tensor2D>(encoder.encode(frozen, context), [0]);
  });
}
