import {
  leaves,
  type NdArray,
  ShapeError,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { type TextTower, tokenEmbeddingName } from './tower.js';

/** Every array that runs prompts through a tower. */
export type EncoderArrays<Leaf> = {
  /** the tower's weights by dotted path: trained, or constants */
  readonly tower: Tree<Leaf>;
  /** the rows of the token embedding that the prompts need */
  readonly tokens: Tree<Leaf>;
};

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

/** Finds a weight by its dotted name. */
export type Weights = (name: string) => tf.Tensor;

/** @throws {@link ShapeError} (the returned function) for a name that the tree lacks */
export function weightsOf(tree: Tree<tf.Tensor>): Weights {
  const found = new Map(leaves(tree));
  return (name) => {
    const weight = found.get(name);
    if (weight !== undefined) return weight;
    throw new ShapeError(
      `the text tower's weights have no "${name}"; they have ${[...found.keys()].join(', ')}`,
    );
  };
}
