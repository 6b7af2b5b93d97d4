import {
  elementsOf,
  formatShape,
  leaves,
  type NdArray,
  ShapeError,
  type Tree,
} from '@clip-lung/tensor';
import { type TextTower, tokenEmbeddingName } from '@clip-lung/text-encoder';

/** A token of a tower's vocabulary, beside a context vector. */
export interface NearToken {
  readonly id: number;
  /** what it stands for; `#17` where the tokenizer cannot tell */
  readonly token: string;
  /** −1..1 */
  readonly cosine: number;
}

/** What has to be said with them. */
export const nearestTokensNote =
  'the nearest tokens often mean nothing: learnt context vectors lie between words (Zhou et al. 2022, CoOp, §4.4)';

/**
 * The tokens whose embeddings are nearest to context vectors, by cosine, the nearest first.
 *
 * @param vectors [..., W], such as `ctx` of a prompt learner
 * @param count   tokens for each vector
 * @returns one list for each vector
 * @throws `ShapeError` for vectors of another width than the tower's
 * @see Zhou et al., Learning to Prompt for Vision-Language Models (IJCV 2022), §4.4, table 4; by Euclidean distance there
 */
export function nearestTokens(
  tower: TextTower,
  vectors: NdArray,
  count = 5,
): readonly (readonly NearToken[])[] {
  const { width } = tower.config;
  if (vectors.shape.at(-1) !== width) {
    throw new ShapeError(
      `the context vectors are ${formatShape(vectors.shape)}, and the tower's tokens have a width of ${width}`,
    );
  }
  const own = elementsOf(vectors, 'float32', 'the context vectors');
  const table = embeddingOf(tower);
  const rows = Array.from({ length: table.length / width }, (_, id) =>
    unit(table.subarray(id * width, (id + 1) * width)),
  );
  return Array.from({ length: own.length / width }, (_, i) => {
    const vector = unit(own.subarray(i * width, (i + 1) * width));
    return rows
      .map((row, id) => ({ id, cosine: dot(row, vector) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, count)
      .map(({ id, cosine }) => ({
        id,
        token: tower.tokenizer.decode?.(id) ?? `#${id}`,
        cosine,
      }));
  });
}

/**
 * What a prompt learner has learnt of context vectors, before a nodule shifts them: each branch of its parameters that is named
 * as one (`ctx`, and `attribute_ctx` of class-specific contexts).
 *
 * @param prompt its parameters
 * @returns by name, [..., W]; none for a fixed prompt
 */
export function learntContexts(
  prompt: Tree<NdArray>,
): readonly (readonly [name: string, vectors: NdArray])[] {
  return leaves<NdArray>(prompt).filter(([path]) => /(^|_)ctx$/.test(path));
}

function embeddingOf({ weights }: TextTower): Float32Array {
  const found = leaves<NdArray<'float32'>>(weights).find(
    ([path]) => path === tokenEmbeddingName,
  );
  if (found === undefined) {
    throw new TypeError(`the tower has no ${tokenEmbeddingName}`);
  }
  return found[1].data;
}

/** Of unit length; zeros stay. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
