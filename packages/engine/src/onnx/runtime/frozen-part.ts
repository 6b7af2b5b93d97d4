import { sizeOf } from '@clip-lung/tensor';

import type {
  Graph,
  GraphNode,
  GraphPart,
  GraphValue,
} from '../graph/graph.js';

/** A graph, cut into what is the same in every run, and the rest. */
export interface SplitGraph {
  /** what follows from large constants alone, to be run once; absent where nothing does */
  readonly ahead: GraphPart | undefined;
  /** what is run each time; its inputs are the graph's own and then {@link fixed} */
  readonly each: GraphPart;
  /** large constants, and what `ahead` gives */
  readonly fixed: readonly GraphValue[];
}

/**
 * Constants of so many elements stay where they are: a session that is given them as inputs reads them in place, where it
 * copies those that it holds itself, once for each graph, and again in the order that its products want. Smaller ones are
 * worth more to ONNX Runtime as constants, which it merges into other nodes.
 */
const largeConstant = 1 << 16;

/** These are free, or ONNX Runtime merges them into the product that follows: run ahead, they would be one more copy. */
const merged = new Set(['Identity', 'Reshape', 'Transpose']);

/** Cuts the live part of a graph. */
export function splitFrozen(graph: Graph): SplitGraph {
  const nodes = graph.liveNodes();
  // Values that are the same in every run: whether a large constant is behind them.
  const frozen = new Map<string, boolean>();
  const behind = (value: GraphValue): boolean | undefined =>
    value.constant === undefined
      ? frozen.get(value.name)
      : isLargeConstant(value);
  const once = new Set<string>();
  for (const { op, inputs, outputs } of nodes) {
    const found = inputs.map(behind);
    if (inputs.length === 0 || found.includes(undefined)) continue;
    const isLarge = found.includes(true);
    for (const { name } of outputs) {
      frozen.set(name, isLarge);
      if (isLarge && !merged.has(op)) once.add(name);
    }
  }

  const isGiven = (value: GraphValue): boolean =>
    once.has(value.name) || isLargeConstant(value);
  const each = partFor(nodes, graph.outputs, isGiven);
  const made = each.given.filter(({ constant }) => constant === undefined);
  const ahead = partFor(nodes, made, isLargeConstant);
  return {
    ahead:
      made.length === 0
        ? undefined
        : { nodes: ahead.nodes, inputs: ahead.given, outputs: made },
    each: {
      nodes: each.nodes,
      inputs: [...graph.inputs, ...each.given],
      outputs: graph.outputs,
    },
    fixed: each.given,
  };
}

function isLargeConstant({ constant, shape }: GraphValue): boolean {
  return constant !== undefined && sizeOf(shape) >= largeConstant;
}

/** The nodes that make `outputs` of what is given, and what of that they use. */
function partFor(
  nodes: readonly GraphNode[],
  outputs: readonly GraphValue[],
  isGiven: (value: GraphValue) => boolean,
): { readonly nodes: GraphNode[]; readonly given: GraphValue[] } {
  const needed = new Set(outputs.map(({ name }) => name));
  const given = new Map<string, GraphValue>();
  const used: GraphNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(({ name }) => needed.has(name))) continue;
    used.push(node);
    for (const input of node.inputs) {
      if (isGiven(input)) given.set(input.name, input);
      else needed.add(input.name);
    }
  }
  return { nodes: used.reverse(), given: [...given.values()] };
}
