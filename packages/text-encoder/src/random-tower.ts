import { float32, RandomStream, sizeOf, treeOf } from '@clip-lung/tensor';
import type { TextTowerConfig } from './config.js';
import { TextTowerError } from './errors.js';
import {
  positionEmbeddingName,
  projectionName,
  type TextTower,
  tokenEmbeddingName,
  towerShapes,
} from './tower.js';
import { wordTokenizer, wordVocabulary } from './tokenizer.js';

export interface RandomTowerOptions {
  readonly seed: number;
  /** W; default 64 */
  readonly width?: number;
  /** default 2 */
  readonly layers?: number;
  /** default 2 */
  readonly heads?: number;
  /** D; default 64 */
  readonly embedding?: number;
}

/**
 * A small tower with random weights and a tokenizer that needs no files, for demos and tests. It knows nothing about
 * words, except that different ones get different features.
 *
 * Weights are drawn as CLIP's were before its training: the deviations of `initialize_parameters` in
 * https://github.com/openai/CLIP/blob/main/clip/model.py; layer normalisations start as the identity.
 *
 * @throws {@link TextTowerError} when the heads do not divide the width
 */
export function randomTower({
  seed,
  width = 64,
  layers = 2,
  heads = 2,
  embedding = 64,
}: RandomTowerOptions): TextTower {
  if (width % heads !== 0) {
    throw new TextTowerError(
      `a width of ${width} cannot be divided among ${heads} heads`,
    );
  }
  const config: TextTowerConfig = {
    width,
    layers,
    heads,
    hidden: 4 * width,
    embedding,
    positions: 77,
    vocabulary: wordVocabulary,
    activation: 'quick_gelu',
    epsilon: 1e-5,
    projection: true,
    readAt: 'eot',
  };
  const random = new RandomStream(seed, 'random-tower');
  const weights = [...towerShapes(config)].map(([name, shape]) => {
    const stream = random.stream(name);
    const deviation = deviationOf(name, config);
    const constant = name.includes('norm') && name.endsWith('weight') ? 1 : 0;
    return [
      name,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () =>
          deviation === 0 ? constant : stream.normal(0, deviation),
        ),
      ),
    ] as const;
  });
  return {
    kind: 'random',
    name: `random (seed ${seed}, width ${width}, ${layers} layers)`,
    config,
    weights: treeOf(weights),
    tokenizer: wordTokenizer(),
    sha256: null,
  };
}

/** The standard deviation of a weight; 0 for what starts as a constant. */
function deviationOf(name: string, { width, layers }: TextTowerConfig): number {
  if (name === tokenEmbeddingName) return 0.02;
  if (name === positionEmbeddingName) return 0.01;
  if (name === projectionName) return width ** -0.5;
  if (!name.endsWith('_proj.weight') && !name.includes('.mlp.fc')) return 0;
  if (name.endsWith('.bias')) return 0;
  if (name.includes('.fc1.')) return (2 * width) ** -0.5;
  // Of what is added to the residual stream, so much that its variance does not grow with the number of layers.
  if (name.includes('.out_proj.') || name.includes('.fc2.')) {
    return width ** -0.5 * (2 * layers) ** -0.5;
  }
  return width ** -0.5;
}
