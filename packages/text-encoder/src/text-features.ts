import type { Engine } from '@clip-lung/engine';
import { elementsOf, NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { EncoderArrays } from './encoder-arrays.js';
import { createPromptEncoder } from './packed-encoder.js';
import { plainPrompt, type Prompt } from './prompts.js';
import type { TextTower } from './tower.js';

/** Keeps features of texts between programs. A key holds everything that they depend on. */
export interface TextFeatureCache {
  get(key: string): Promise<NdArray<'float32'> | undefined>;
  set(key: string, features: NdArray<'float32'>): Promise<void>;
}

export interface EncodeTextOptions {
  /** runs the tower */
  readonly engine: Engine;
  /** texts that run together; default 32 */
  readonly batchSize?: number;
  /** not asked for a tower whose weights come from no file */
  readonly cache?: TextFeatureCache;
}

/**
 * Text features of plain texts, without learnable context.
 *
 * @returns [texts.length, D], not normalised
 * @throws `PromptError` for a text that is too long
 */
export async function encodeText(
  tower: TextTower,
  texts: readonly string[],
  { engine, batchSize = 32, cache }: EncodeTextOptions,
): Promise<NdArray<'float32'>> {
  const { embedding } = tower.config;
  const keeper = tower.sha256 === null ? undefined : cache;
  const prompts = texts.map((text) => plainPrompt(tower.tokenizer, text));
  const keyed = prompts.map(
    (prompt) => [keyOf(tower, prompt.items), prompt] as const,
  );
  const features = new Map<string, Float32Array>();
  const unknown = new Map<string, Prompt>();
  for (const [key, prompt] of keyed) {
    if (features.has(key) || unknown.has(key)) continue;
    const kept = await keeper?.get(key);
    if (kept?.data.length === embedding) features.set(key, kept.data);
    else unknown.set(key, prompt);
  }
  // In alphabetical order, texts that begin alike run together, and share what they have in common.
  const order = [...unknown].sort(([, a], [, b]) => (a.text < b.text ? -1 : 1));
  for (let from = 0; from < order.length; from += batchSize) {
    const batch = order.slice(from, from + batchSize);
    const rows = await encodeBatch(
      tower,
      batch.map(([, prompt]) => prompt),
      engine,
    );
    for (const [row, [key]] of batch.entries()) {
      const values = rows.slice(row * embedding, (row + 1) * embedding);
      features.set(key, values);
      await keeper?.set(key, new NdArray('float32', [embedding], values));
    }
  }
  const all = new Float32Array(texts.length * embedding);
  for (const [row, [key, { text }]] of keyed.entries()) {
    const own = features.get(key);
    if (own === undefined) throw new RangeError(`"${text}" is not encoded`);
    all.set(own, row * embedding);
  }
  return new NdArray('float32', [texts.length, embedding], all);
}

function keyOf({ sha256, config }: TextTower, items: Prompt['items']): string {
  const parts = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  const ids = items.map((item) => ('token' in item ? item.token : null));
  return JSON.stringify({ sha256, config: parts, ids });
}

/**
 * The weights are inputs of the compiled function, not constants: what an engine prepares from constants takes time
 * and as much memory as the tower itself, and would be used once.
 */
async function encodeBatch(
  tower: TextTower,
  prompts: readonly Prompt[],
  engine: Engine,
): Promise<Float32Array> {
  const encoder = createPromptEncoder(tower, prompts);
  const compiled = engine.compile<
    Record<string, never>,
    { readonly arrays: EncoderArrays<tf.Tensor> },
    { readonly features: tf.Tensor }
  >(
    ({ inputs }) => ({
      outputs: {
        features: encoder.encode(
          inputs.arrays,
          tf.zeros([1, 0, encoder.width]),
        ),
      },
    }),
    { name: 'encodeText' },
  );
  try {
    const { features } = await compiled.run(engine.state({}), {
      arrays: encoder.frozen,
    });
    return elementsOf(features, 'float32', 'the text features');
  } finally {
    await compiled.release();
  }
}
