import { at, NdArray } from '@clip-lung/tensor';
import { PromptError } from './errors.js';
import type { Prompt, PromptItem } from './prompts.js';

/**
 * Prompts laid out as ONE sequence of N nodes. Each node sees its ancestors and itself, at the position of its own depth.
 *
 * The order of the nodes is by kind: those that come before every context vector, [SOS] first; the context's; the other
 * tokens'; the [EOT]s. Most templates have [SOS] alone before the context.
 */
export interface PackedPrompts {
  /** S, the context vectors that the prompts take */
  readonly slots: number;
  /** N */
  readonly length: number;
  /**
   * tokens of the first nodes, from which context vectors descend and which descend from none: they are the same for all
   * nodules in every layer. The first is [SOS].
   */
  readonly sharedTokens: readonly number[];
  /** context vector of each node that has one */
  readonly contextSlots: readonly number[];
  /** token of each of the remaining nodes */
  readonly ownTokens: readonly number[];
  /** depth of each node, its row of the position embedding, [N] */
  readonly positions: readonly number[];
  /** parent of each node; −1 for [SOS], [N] */
  readonly parents: readonly number[];
  /** the node at which each prompt is read, its [EOT], [P] */
  readonly ends: readonly number[];
  /** added to attention scores: 0 where the row's node sees the column's, else −1e9; [N, N] */
  readonly mask: NdArray<'float32'>;
}

export interface PackOptions {
  /** ids of [SOS] and [EOT] */
  readonly sos: number;
  readonly eot: number;
  /** the tower's longest sequence */
  readonly positions: number;
  /** `false` gives every prompt nodes of its own after [SOS]; the features are the same. Default true. */
  readonly prefixTree?: boolean;
}

/** Far below any score, and still finite, so that no row of a softmax can become 0/0. */
const hidden = -1e9;

/**
 * Packs prompts as a prefix tree: an item is shared as long as all items before it are equal.
 *
 * CLIP's tower is causal and is read at [EOT], so a prompt's features depend on its own items only, and equal
 * beginnings have equal states: the tree computes each of them once. Equal prompts share their [EOT] as well.
 * [EOT] nodes come last, because the last layer is needed at these alone, and a slice is the cheapest way to get them.
 *
 * @throws {@link PromptError} when there is no prompt, or one is longer than the tower's positions or has an [EOT] inside
 */
export function packPrompts(
  prompts: readonly Prompt[],
  { sos, eot, positions, prefixTree = true }: PackOptions,
): PackedPrompts {
  if (prompts.length === 0) throw new PromptError('there are no prompts');
  const root = new Node({ token: sos }, null);
  const stems: Node[] = [root];
  const tips: Node[] = [];
  const grow = (parent: Node, item: PromptItem, list: Node[]): Node => {
    const key = 'slot' in item ? `slot ${item.slot}` : item.token;
    const known = prefixTree ? parent.children.get(key) : undefined;
    if (known !== undefined) return known;
    const node = new Node(item, parent);
    parent.children.set(key, node);
    list.push(node);
    return node;
  };
  const endNodes = prompts.map((prompt) => {
    checkItems(prompt, eot, positions);
    const last = prompt.items.reduce<Node>(
      (node, item) => grow(node, item, stems),
      root,
    );
    return grow(last, { token: eot }, tips);
  });

  const before = stems.filter(
    (node) => node === root || (node.leadsToSlot && !node.seesSlot),
  );
  const [context, own]: [Node[], Node[]] = [[], []];
  for (const node of stems) {
    if ('slot' in node.item) context.push(node);
    else if (!before.includes(node)) own.push(node);
  }
  const nodes = [...before, ...context, ...own, ...tips];
  const places = new Map(nodes.map((node, place) => [node, place]));
  const placeOf = (node: Node): number => {
    const place = places.get(node);
    if (place !== undefined) return place;
    throw new RangeError('a node of the prefix tree has no place');
  };
  const parents = nodes.map(({ parent }) =>
    parent === null ? -1 : placeOf(parent),
  );
  const contextSlots = context.flatMap(({ item }) =>
    'slot' in item ? item.slot : [],
  );
  return {
    slots: Math.max(-1, ...contextSlots) + 1,
    length: nodes.length,
    sharedTokens: tokensOf(before),
    contextSlots,
    ownTokens: tokensOf([...own, ...tips]),
    positions: nodes.map(({ depth }) => depth),
    parents,
    ends: endNodes.map(placeOf),
    mask: ancestorMask(parents),
  };
}

class Node {
  readonly depth: number;
  readonly children = new Map<number | string, Node>();
  /** whether it is a context vector, or descends from one */
  readonly seesSlot: boolean;
  /** whether a context vector descends from it */
  leadsToSlot = false;

  constructor(
    readonly item: PromptItem,
    readonly parent: Node | null,
  ) {
    this.depth = parent === null ? 0 : parent.depth + 1;
    const isSlot = 'slot' in item;
    this.seesSlot = isSlot || (parent?.seesSlot ?? false);
    if (isSlot) {
      for (let node = parent; node !== null; node = node.parent) {
        node.leadsToSlot = true;
      }
    }
  }
}

/** @throws {@link PromptError} */
function checkItems(
  { text, items }: Prompt,
  eot: number,
  positions: number,
): void {
  const length = items.length + 2;
  const context = items.filter((item) => 'slot' in item).length;
  if (length > positions) {
    throw new PromptError(
      `"${text}" takes ${length} tokens ([SOS], ${context} of context, ${items.length - context} others, [EOT]), the tower has ${positions} positions: shorten it by ${length - positions}`,
    );
  }
  for (const item of items) {
    if ('slot' in item && !(Number.isInteger(item.slot) && item.slot >= 0)) {
      throw new PromptError(
        `"${text}" takes the context vector ${item.slot}, expected a whole number of at least 0`,
      );
    }
    if ('token' in item && item.token === eot) {
      throw new PromptError(
        `"${text}" holds the token ${eot}, [EOT], which ends every prompt: leave it out of the text`,
      );
    }
  }
}

function tokensOf(nodes: readonly Node[]): readonly number[] {
  return nodes.flatMap(({ item }) => ('token' in item ? item.token : []));
}

/** [N, N]: 0 where the column's node is the row's or one of its ancestors, else {@link hidden}. */
function ancestorMask(parents: readonly number[]): NdArray<'float32'> {
  const length = parents.length;
  const mask = new Float32Array(length * length).fill(hidden);
  for (let row = 0; row < length; row++) {
    for (let node = row; node >= 0; node = at(parents, node)) {
      mask[row * length + node] = 0;
    }
  }
  return new NdArray('float32', [length, length], mask);
}
