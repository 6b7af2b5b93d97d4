import { filled, leaves, NdArray } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import { randomTower, readTowerWeights, tokenEmbeddingName } from './index.js';
import { projectionName } from './tower.js';

const { config, weights } = randomTower({ seed: 1, width: 8, embedding: 8 });
const entries: readonly (readonly [string, NdArray])[] = leaves(weights);
const read = (tensors: Iterable<readonly [string, NdArray]>) =>
  readTowerWeights(tensors, config, 'model.safetensors');

describe('readTowerWeights', () => {
  it('takes the text tower out of a full CLIP model', () => {
    const full: typeof entries = [
      ...entries,
      ['vision_model.embeddings.class_embedding', filled([8])],
      ['visual_projection.weight', filled([8, 8])],
      ['logit_scale', filled([])],
      [
        'text_model.embeddings.position_ids',
        new NdArray('int64', [1, 77], new BigInt64Array(77)),
      ],
    ];
    expect(leaves(read(full))).toEqual(entries);
  });

  it('lists every weight that is missing, unknown, misshaped or of another type', () => {
    const odd = new Map(entries);
    odd.delete(projectionName);
    odd.set('text_model.encoder.layers.2.mlp.fc1.bias', filled([32]));
    odd.set(tokenEmbeddingName, filled([4, 8]));
    odd.set(
      'text_model.final_layer_norm.bias',
      new NdArray('float64', [8], new Float64Array(8)),
    );
    const lines = (() => {
      try {
        read(odd);
        return [];
      } catch (error) {
        return String(error).split('\n').slice(1);
      }
    })();
    expect(lines.sort()).toEqual([
      '! text_model.embeddings.token_embedding.weight is float32 [4, 8], expected float32 [544, 8]',
      '! text_model.final_layer_norm.bias is float64 [8], expected float32 [8]',
      '+ text_model.encoder.layers.2.mlp.fc1.bias [32]',
      '- text_projection.weight [8, 8]',
    ]);
  });
});
