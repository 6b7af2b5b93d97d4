import { NdArray, type Tree } from '@clip-lung/tensor';
import type { TextTowerConfig } from './config.js';
import type { Tokenizer } from './tokenizer.js';

/** A CLIP text tower in host memory. */
export interface TextTower {
  /** `random` towers have random weights: whatever they produce must be labelled so */
  readonly kind: 'clip' | 'random';
  /** what was loaded, for logs and summaries */
  readonly name: string;
  readonly config: TextTowerConfig;
  /** by Hugging Face's names: see {@link towerShapes} */
  readonly weights: Tree<NdArray<'float32'>>;
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the weights file, or of its parts one after the other, hexadecimal; null where there is no file */
  readonly sha256: string | null;
}

export const tokenEmbeddingName =
  'text_model.embeddings.token_embedding.weight';
export const positionEmbeddingName =
  'text_model.embeddings.position_embedding.weight';
export const finalNormName = 'text_model.final_layer_norm';
export const projectionName = 'text_projection.weight';

/** What the paths of all blocks start with. */
export const blocksName = 'text_model.encoder.layers.';

/** `text_model.encoder.layers.3`, the path of a block. */
export function blockName(layer: number): string {
  return `${blocksName}${layer}`;
}

/** The shape of every weight of a tower, by name: `Linear` weights are [out, in], as in PyTorch. */
export function towerShapes(
  config: TextTowerConfig,
): ReadonlyMap<string, readonly number[]> {
  const { width, hidden } = config;
  const shapes = new Map<string, readonly number[]>([
    [tokenEmbeddingName, [config.vocabulary, width]],
    [positionEmbeddingName, [config.positions, width]],
  ]);
  const linear = (name: string, out: number, input: number): void => {
    shapes.set(`${name}.weight`, [out, input]).set(`${name}.bias`, [out]);
  };
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const block = blockName(layer);
    norm(`${block}.layer_norm1`);
    for (const projection of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) {
      linear(`${block}.self_attn.${projection}`, width, width);
    }
    norm(`${block}.layer_norm2`);
    linear(`${block}.mlp.fc1`, hidden, width);
    linear(`${block}.mlp.fc2`, width, hidden);
  }
  norm(finalNormName);
  if (config.projection) shapes.set(projectionName, [config.embedding, width]);
  return shapes;
}
