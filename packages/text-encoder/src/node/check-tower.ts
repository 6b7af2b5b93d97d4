import { join } from 'node:path';
import { onnxEngine } from '@clip-lung/engine';
import { FileFormatError, leaves } from '@clip-lung/tensor';
import {
  CLIPTextModel,
  CLIPTextModelWithProjection,
  type PreTrainedModel,
  Tensor,
} from '@huggingface/transformers';
import type { TextTowerConfig } from '../config.js';
import { encodeText } from '../text-features.js';
import type { Tokenizer } from '../tokenizer.js';
import { positionEmbeddingName, type TextTower } from '../tower.js';
import { checkedFile } from './weights-file.js';

export type Precision = 'float32' | 'float16' | 'bfloat16';

/**
 * How far features may be from transformers.js's, as a part of the largest. Rounding alone differs by some 1e-6; a wrong
 * activation, head count or weight by far more than this. The two files of a model may be of different precision: weights
 * of 11 or 8 bits are off by up to 2⁻¹² or 2⁻⁹, which a dozen layers make a few times larger.
 */
export const differencesAllowed: Readonly<Record<Precision, number>> = {
  float32: 1e-3,
  float16: 1e-2,
  bfloat16: 5e-2,
};

const texts = ['a nodule image of benign.', 'the nodule is spiculation.'];

/**
 * What the folder's `onnx/text_model.onnx` makes of two texts, run by transformers.js: a row of features for each.
 *
 * @throws {@link FileFormatError} when transformers.js cannot run it
 */
export async function referenceFeatures(
  folder: string,
  config: TextTowerConfig,
  tokenizer: Tokenizer,
): Promise<readonly Float32Array[]> {
  const { projection } = config;
  const model = await loadReference(folder, config);
  try {
    const features: Float32Array[] = [];
    for (const text of texts) {
      const ids = [tokenizer.sos, ...tokenizer.encode(text), tokenizer.eot].map(
        BigInt,
      );
      const output = (await model({
        input_ids: new Tensor('int64', ids, [1, ids.length]),
      })) as Readonly<Record<string, { readonly data: unknown } | undefined>>;
      const name = projection ? 'text_embeds' : 'pooler_output';
      const found = output[name]?.data;
      if (!(found instanceof Float32Array)) {
        throw new TypeError(
          `transformers.js gives no float32 ${name}, but ${Object.keys(output).join(', ')}`,
        );
      }
      features.push(found.slice());
    }
    return features;
  } finally {
    await model.dispose();
  }
}

async function loadReference(
  folder: string,
  { projection }: TextTowerConfig,
): Promise<PreTrainedModel> {
  const Model = projection ? CLIPTextModelWithProjection : CLIPTextModel;
  try {
    return await Model.from_pretrained(folder, {
      dtype: 'fp32',
      local_files_only: true,
      // Used for two short runs: not worth another copy of the weights in a faster form.
      session_options: {
        graphOptimizationLevel: 'disabled',
        extra: { session: { disable_prepacking: '1' } },
      },
    });
  } catch (error) {
    throw new FileFormatError(
      join(folder, checkedFile),
      `cannot be run by transformers.js (${error instanceof Error ? error.message : String(error)}); if a download was cut short, delete it and load again`,
      { cause: error },
    );
  }
}

/** The largest difference between a tower's features and {@link referenceFeatures}, as a part of the largest feature. */
export async function largestDifference(
  tower: TextTower,
  reference: readonly Float32Array[],
): Promise<number> {
  const engine = onnxEngine();
  const { embedding } = tower.config;
  const { data } = await encodeText(tower, texts, { engine });
  await engine.dispose();
  let [difference, scale] = [0, 0];
  for (const [row, expected] of reference.entries()) {
    if (expected.length !== embedding) return Infinity;
    for (const [at, value] of expected.entries()) {
      const own = data[row * embedding + at] as number;
      // NaN is passed on, and is no difference that is allowed.
      difference = Math.max(difference, Math.abs(value - own));
      scale = Math.max(scale, Math.abs(value));
    }
  }
  return difference / scale;
}

/** The precision that a tower's weights were stored in: what was widened has zeros in its last bits. */
export function precisionOf({ weights }: TextTower): Precision {
  let used = 0;
  for (const [name, { data }] of leaves(weights)) {
    if (!name.endsWith('.bias') && name !== positionEmbeddingName) continue;
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (const value of bits) used |= value;
  }
  if ((used & 0xffff) === 0 && used !== 0) return 'bfloat16';
  return (used & 0x1fff) === 0 && used !== 0 ? 'float16' : 'float32';
}
