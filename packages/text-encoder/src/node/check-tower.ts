import { CLIPTextModelWithProjection, Tensor } from '@huggingface/transformers';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { encodeText } from '../encode-text.js';
import type { TextTower } from '../tower.js';

/**
 * Rounding alone differs by some 1e-6 of the largest feature; a wrong activation, head count or weight by far more
 * than this.
 */
export const largestErrorAllowed = 1e-3;

const texts = ['a nodule image of benign.', 'the nodule is spiculation.'];

/**
 * Compares a tower's features with those of transformers.js, which runs the folder's `onnx/text_model.onnx`.
 *
 * @returns the largest difference, as a part of the largest feature
 */
export async function largestError(
  tower: TextTower,
  folder: string,
): Promise<number> {
  const ours = await onCpu(() => encodeText(tower, texts).dataSync());
  const model = await CLIPTextModelWithProjection.from_pretrained(folder, {
    dtype: 'fp32',
    local_files_only: true,
  });
  const { sos, eot } = tower.tokenizer;
  const { embedding } = tower.config;
  let error = 0;
  let scale = 0;
  try {
    for (const [row, text] of texts.entries()) {
      const ids = [sos, ...tower.tokenizer.encode(text), eot].map(BigInt);
      const input = new Tensor('int64', ids, [1, ids.length]);
      const output = (await model({ input_ids: input })) as {
        readonly text_embeds: { readonly data: Float32Array };
      };
      const theirs = output.text_embeds.data;
      if (theirs.length !== embedding) return Infinity;
      for (const [at, value] of theirs.entries()) {
        scale = Math.max(scale, Math.abs(value));
        error = Math.max(
          error,
          Math.abs(value - (ours[row * embedding + at] ?? NaN)),
        );
      }
    }
  } finally {
    await model.dispose();
  }
  return error / scale;
}

/** Runs `compute` on tfjs's plain backend, whatever the program uses or has not chosen yet. */
async function onCpu<T>(compute: () => T): Promise<T> {
  const before = tf.getBackend() as string | undefined;
  await tf.setBackend('cpu');
  try {
    return tf.tidy(compute as () => never);
  } finally {
    if (before !== undefined && before !== '' && before !== 'cpu') {
      await tf.setBackend(before);
    }
  }
}
