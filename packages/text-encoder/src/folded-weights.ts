import { at, leaves, type Tree, treeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { TextTowerConfig } from './config.js';
import {
  type EncoderArrays,
  type Weights,
  weightsOf,
} from './encoder-arrays.js';
import {
  blockName,
  blocksName,
  finalNormName,
  projectionName,
} from './tower.js';

/** A `Linear`: weight [out, in], bias [out] or 0 where there is none. */
export interface Linear {
  readonly weight: tf.Tensor;
  readonly bias: tf.Tensor | number;
}

/** Where {@link foldNorms} keeps what follows the last block's rows. */
export const lastName = 'last';

export function linearOf(weights: Weights, name: string): Linear {
  return { weight: weights(`${name}.weight`), bias: weights(`${name}.bias`) };
}

/**
 * A layer normalisation's scale γ and shift β, and a further factor, moved into the `Linear` that follows:
 * f·((x̂·γ + β)·Wᵀ + b) = x̂·(f·W·γ)ᵀ + f·(β·Wᵀ + b).
 *
 * Of frozen weights that is a constant, which an engine computes once; without it, the rows of every nodule would be
 * scaled and shifted each time, forwards and backwards.
 */
function afterNorm(
  weights: Weights,
  norm: string,
  { weight, bias }: Linear,
  factor = 1,
): Linear {
  const shift = tf.expandDims(weights(`${norm}.bias`), 0);
  const shifted = tf.squeeze(tf.matMul(shift, weight, false, true), [0]);
  // The factor meets the small array first, so that the large one is gone over once.
  const scale = tf.mul(weights(`${norm}.weight`), factor);
  return {
    weight: tf.mul(weight, scale),
    bias: tf.mul(tf.add(shifted, bias), factor),
  };
}

/** The factor of quick GELU, x·σ(1.702·x). */
const quick = 1.702;

/** The lines of a processor's first cache that hold one address of a page share their place with those of all pages. */
const pageBytes = 4096;
const lineBytes = 64;

/**
 * How many units of no effect a feed-forward layer is given, so that its rows do not all start at the same place of a page.
 * Such rows push each other out of the first cache, where a product reads a dozen of them side by side: it took 8 % longer.
 */
function spareUnits(units: number): number {
  const { BYTES_PER_ELEMENT } = Float32Array;
  return (units * BYTES_PER_ELEMENT) % pageBytes === 0
    ? lineBytes / BYTES_PER_ELEMENT
    : 0;
}

/** Zeros after the last elements of each axis. */
function padded(array: tf.Tensor, after: readonly number[]): tf.Tensor {
  return after.some((count) => count > 0)
    ? tf.pad(
        array,
        after.map((count) => [0, count]),
      )
    : array;
}

/**
 * A tower's weights with all that can be moved into its matrices: the scales and shifts of normalisations, the scale of
 * the queries, the factor of quick GELU. Computed once for all uses of a weight.
 *
 * @returns the `Linear`s of `blockOf` and `project`, every other weight as it was, and the tokens under `tokens`
 */
export function foldNorms(
  { tower, tokens }: EncoderArrays<tf.Tensor>,
  { width, heads, layers, activation, projection }: TextTowerConfig,
): Tree<tf.Tensor> {
  const weights = weightsOf(tower);
  const folded: (readonly [string, tf.Tensor])[] = [
    ...leaves(tower).filter(
      ([name]) =>
        !name.startsWith(blocksName) && !name.startsWith(finalNormName),
    ),
    ...leaves({ tokens }),
  ];
  const put = (name: string, { weight, bias }: Linear): void => {
    folded.push([`${name}.weight`, weight]);
    if (typeof bias !== 'number') folded.push([`${name}.bias`, bias]);
  };
  const factors = {
    q_proj: (width / heads) ** -0.5,
    k_proj: 1,
    v_proj: 1,
  } as const;
  for (let layer = 0; layer < layers; layer++) {
    const name = blockName(layer);
    const own = (part: string): Linear => linearOf(weights, `${name}.${part}`);
    for (const [part, factor] of Object.entries(factors)) {
      const attend = `self_attn.${part}`;
      put(
        `${name}.${attend}`,
        afterNorm(weights, `${name}.layer_norm1`, own(attend), factor),
      );
    }
    put(`${name}.self_attn.out_proj`, own('self_attn.out_proj'));
    const faster = activation === 'quick_gelu' ? quick : 1;
    const into = afterNorm(
      weights,
      `${name}.layer_norm2`,
      own('mlp.fc1'),
      faster,
    );
    const { weight, bias } = own('mlp.fc2');
    const back = {
      weight: faster === 1 ? weight : tf.mul<tf.Tensor>(weight, 1 / faster),
      bias,
    };
    const spare = spareUnits(at(weight.shape, 1));
    put(`${name}.mlp.fc1`, {
      weight: padded(into.weight, [spare, 0]),
      bias: padded(into.bias as tf.Tensor, [spare]),
    });
    put(`${name}.mlp.fc2`, {
      weight: padded(back.weight, [0, spare]),
      bias,
    });
  }
  const norm = linearOf(weights, finalNormName);
  if (projection) {
    const matrix = { weight: weights(projectionName), bias: 0 };
    put(lastName, afterNorm(weights, finalNormName, matrix));
    return treeOf(folded.filter(([name]) => name !== projectionName));
  }
  put(lastName, norm);
  return treeOf(folded);
}
