import { NdArray } from '@clip-lung/tensor';
import { PromptError } from './errors.js';
import type { PromptTokens } from './prompts.js';

/**
 * Prompts laid out as ONE sequence of N nodes: `[SOS] context₁ … context_T`, then the suffix nodes, the [EOT] nodes
 * last. Each node sees its ancestors and itself, at the position of its own depth.
 */
export interface PackedPrompts {
  /** T */
  readonly contextLength: number;
  /** N, [SOS] and context included */
  readonly length: number;
  /** token of each node after the context: of node 1 + T + i */
  readonly tokenIds: readonly number[];
  /** depth of each node, its row of the position embedding, [N] */
  readonly positions: readonly number[];
  /** parent of each node, always before it; −1 for [SOS], [N] */
  readonly parents: readonly number[];
  /** the node at which each prompt is read, its [EOT], [P] */
  readonly ends: readonly number[];
  /** added to attention scores: 0 where the row's node sees the column's, else −1e9; [N, N] */
  readonly mask: NdArray<'float32'>;
}

export interface PackOptions {
  /** id of [EOT] */
  readonly eot: number;
  /** the tower's longest sequence */
  readonly positions: number;
  /** `false` gives every prompt suffix nodes of its own; the features are the same. Default true. */
  readonly prefixTree?: boolean;
}

/** Far below any score, and still finite, so that no row of a softmax can become 0/0. */
const hidden = -1e9;

/**
 * Packs prompts as a prefix tree: tokens after the context are shared as long as all tokens before them are equal.
 *
 * CLIP's tower is causal and is read at [EOT], so a prompt's features depend on its own tokens only, and equal
 * beginnings have equal states: the tree computes each of them once. Equal prompts share their [EOT] as well.
 * [EOT] nodes come last, because the last layer is needed at these alone, and a slice is the cheapest way to get them.
 *
 * @param contextLength T, the context vectors between [SOS] and the suffix
 * @throws {@link PromptError} when there is no prompt, or one is longer than the tower's positions or has an [EOT] inside
 */
export function packPrompts(
  prompts: readonly PromptTokens[],
  contextLength: number,
  { eot, positions, prefixTree = true }: PackOptions,
): PackedPrompts {
  if (prompts.length === 0) throw new PromptError('there are no prompts');
  // Context nodes have no token: a vector stands in its place.
  const shared = Array.from({ length: 1 + contextLength }, () => NaN);
  const stems: Node[] = [];
  for (const token of shared) stems.push(new Node(token, stems.at(-1) ?? null));
  const fork = stems.at(-1) as Node;
  const tips: Node[] = [];

  const ends = prompts.map(({ text, suffix }) => {
    const length = shared.length + suffix.length + 1;
    if (length > positions) {
      throw new PromptError(
        `"${text}" takes ${length} tokens ([SOS], ${contextLength} of context, ${suffix.length} after it, [EOT]), the tower has ${positions} positions: shorten it by ${length - positions}`,
      );
    }
    if (suffix.includes(eot)) {
      throw new PromptError(
        `"${text}" holds the token ${eot}, [EOT], which ends every prompt: leave it out of the text`,
      );
    }
    const grow = (parent: Node, token: number, list: Node[]): Node => {
      const known = prefixTree ? parent.children.get(token) : undefined;
      if (known !== undefined) return known;
      const node = new Node(token, parent);
      parent.children.set(token, node);
      list.push(node);
      return node;
    };
    const last = suffix.reduce((node, token) => grow(node, token, stems), fork);
    return grow(last, eot, tips);
  });

  const nodes = [...stems, ...tips];
  const places = new Map(nodes.map((node, place) => [node, place]));
  const placeOf = (node: Node | null): number =>
    (node === null ? undefined : places.get(node)) ?? -1;
  const parents = nodes.map(({ parent }) => placeOf(parent));
  return {
    contextLength,
    length: nodes.length,
    tokenIds: nodes.slice(shared.length).map(({ token }) => token),
    positions: nodes.map(({ depth }) => depth),
    parents,
    ends: ends.map(placeOf),
    mask: ancestorMask(parents),
  };
}

class Node {
  readonly depth: number;
  readonly children = new Map<number, Node>();

  constructor(
    readonly token: number,
    readonly parent: Node | null,
  ) {
    this.depth = parent === null ? 0 : parent.depth + 1;
  }
}

/** [N, N]: 0 where the column's node is the row's or one of its ancestors, else {@link hidden}. */
function ancestorMask(parents: readonly number[]): NdArray<'float32'> {
  const length = parents.length;
  const mask = new Float32Array(length * length).fill(hidden);
  for (let row = 0; row < length; row++) {
    for (let node = row; node >= 0; node = parents[node] ?? -1) {
      mask[row * length + node] = 0;
    }
  }
  return new NdArray('float32', [length, length], mask);
}
