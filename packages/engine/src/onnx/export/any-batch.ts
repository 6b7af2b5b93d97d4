import { at, sameShape } from '@clip-lung/tensor';

import { ExportError } from '../../errors.js';
import { exactly } from '../../exactly.js';
import { Graph, type GraphNode, type GraphValue } from '../graph/graph.js';
import { repeatedRow, sameElements, sameRow } from './repeated-row.js';

/**
 * The batch sizes that a function is traced with to see what depends on them. Primes, so that none is another length or a
 * multiple of one by chance; above 64, so that no array with an element for each of the batch counts as small.
 */
export const probedBatches = [67, 71, 257] as const;

/** A length as it follows from the batch size: `fixed + perBatch · batch`. */
export interface Length {
  readonly fixed: number;
  readonly perBatch: number;
}

/** A graph traced with each of {@link probedBatches}. */
export type Probes = readonly [Graph, Graph, Graph];

/**
 * Makes the graph of one batch size that of every batch size. A graph holds the batch size in the operands that say
 * shapes and bounds; those that follow it linearly are computed from the input's shape instead. Everything else must be the
 * same for all the sizes that were tried.
 *
 * @param batch where the batch size is found: an input, by its place, and one of its axes
 * @throws `ExportError` that names what else depends on the batch size
 */
export function anyBatch(
  probes: Probes,
  batch: { readonly input: number; readonly axis: number },
): Graph {
  // What is added to the first graph gets names of its own there.
  const [graph] = probes;
  const source = graph.inputs[batch.input];
  if (source === undefined) throw new ExportError('no input has a batch');
  const [first, second, third] = probes.map(placed) as [Placed, Placed, Placed];
  const size = batchSize(graph, source, batch.axis);
  const rewired = first.nodes.map((node, i): GraphNode => {
    expectSameForm(first, second, i);
    expectSameForm(first, third, i);
    const inputs = node.inputs.map((own, place) => {
      if (own.constant === undefined) return own;
      const others = [second, third].map(({ nodes }) =>
        at(at(nodes, i).inputs, place),
      );
      return generalised(graph, node, place, [own, ...others], size);
    });
    return { ...node, inputs };
  });
  const old = new Set(first.nodes);
  const result = new Graph();
  result.inputs.push(...graph.inputs);
  // What computes the operands goes first; it depends on the input alone.
  result.nodes.push(
    ...graph.nodes.filter((node) => !old.has(node)),
    ...rewired,
  );
  result.outputs.push(...graph.outputs);
  return result;
}

/** Each length of a shape as it follows from the batch size. @throws `ExportError` for one that does not, linearly */
export function lengthsOf(
  shapes: readonly (readonly number[])[],
  what: string,
): readonly Length[] {
  const first = at(shapes, 0);
  if (shapes.some(({ length }) => length !== first.length)) {
    throw new ExportError(
      `${what} has a different number of axes for a different batch size; export it with a fixed batch size`,
    );
  }
  return first.map((_, axis) => {
    const found = shapes.map((shape) => at(shape, axis));
    return line(found, `axis ${axis} of ${what}`);
  });
}

function line(values: readonly number[], what: string): Length {
  const [a, b, c] = exactly(values, 3);
  const [first, second, third] = probedBatches;
  const perBatch = (b - a) / (second - first);
  const fixed = a - perBatch * first;
  if (!Number.isInteger(perBatch) || fixed + perBatch * third !== c) {
    throw new ExportError(
      `${what} does not grow linearly with the batch size: it is ${values.join(', ')} for batches of ${probedBatches.join(', ')}; export it with a fixed batch size`,
    );
  }
  return { fixed, perBatch };
}

/** The nodes of a graph, and where each of its values comes from. */
interface Placed {
  readonly nodes: readonly GraphNode[];
  readonly places: ReadonlyMap<string, string>;
}

function placed(graph: Graph): Placed {
  const nodes = graph.liveNodes();
  const places = new Map(
    graph.inputs.map(({ name }, i) => [name, `input ${i}`]),
  );
  nodes.forEach(({ outputs }, i) => {
    outputs.forEach(({ name }, output) => {
      places.set(name, `${i}.${output}`);
    });
  });
  return { nodes, places };
}

/** Node `i` of both: the same operator with the same attributes, on operands that come from the same places. */
function expectSameForm(a: Placed, b: Placed, i: number): void {
  const form = ({ nodes, places }: Placed): string => {
    const node = nodes[i];
    const operands = node?.inputs.map(
      ({ name, dtype }) => `${dtype} ${places.get(name) ?? 'constant'}`,
    );
    return JSON.stringify([
      nodes.length,
      node?.op,
      node?.attributes,
      operands,
      node?.outputs.length,
    ]);
  };
  if (form(a) === form(b)) return;
  throw new ExportError(
    `the graph has a different form for a different batch size, at its ${at(a.nodes, i).op} node ${i}; export it with a fixed batch size`,
  );
}

/** The batch size, int64 [1]. */
function batchSize(graph: Graph, input: GraphValue, axis: number): GraphValue {
  const rank = input.shape.length;
  const shape = graph.node('Shape', [input], 'int64', [rank]);
  return graph.node('Gather', [shape, graph.int64([axis])], 'int64', [1]);
}

/** An operand that was constant for each of the batch sizes: itself where they agree, else computed. */
function generalised(
  graph: Graph,
  node: GraphNode,
  place: number,
  seen: readonly GraphValue[],
  size: GraphValue,
): GraphValue {
  const [own] = seen;
  if (own === undefined) throw new ExportError('an operand is missing');
  const what = `operand ${place} of a ${node.op} node`;
  if (seen.every((other) => isSame(own, other))) return own;
  if (own.dtype === 'int64') {
    const numbers = lengthsOf(numbersOf(seen, what), what);
    return (
      inferred(graph, node, place, numbers) ?? computed(graph, numbers, size)
    );
  }
  // An array that says the same for each of the batch, such as a class token.
  const lengths = lengthsOf(
    seen.map(({ shape }) => shape),
    what,
  );
  const grows = lengths.map(({ perBatch }) => perBatch !== 0);
  const rows = seen.map((value) => repeatedRow(value, grows));
  const [row] = rows;
  if (row === undefined || !rows.every((other) => sameRow(row, other))) {
    throw new ExportError(
      `${what} is a constant whose elements depend on the batch size; export it with a fixed batch size`,
    );
  }
  const { shape, data } = row;
  const once = graph.constant(own.dtype, shape, data);
  const target = computed(graph, lengths, size);
  return graph.node('Expand', [once, target], own.dtype, own.shape);
}

/** Of a new shape, one length may be left to be found from the number of elements: −1. */
function inferred(
  graph: Graph,
  { op }: GraphNode,
  place: number,
  lengths: readonly Length[],
): GraphValue | undefined {
  if (op !== 'Reshape' || place !== 1) return undefined;
  const growing = lengths.filter(({ perBatch }) => perBatch !== 0);
  const empty = lengths.some(
    ({ fixed, perBatch }) => perBatch === 0 && fixed <= 0,
  );
  if (growing.length !== 1 || empty) return undefined;
  return graph.int64(
    lengths.map(({ fixed, perBatch }) => (perBatch === 0 ? fixed : -1)),
  );
}

/** fixed + perBatch · batch, int64 [n]. */
function computed(
  graph: Graph,
  lengths: readonly Length[],
  size: GraphValue,
): GraphValue {
  const shape = [lengths.length];
  const slopes = graph.int64(lengths.map(({ perBatch }) => perBatch));
  const fixed = graph.int64(lengths.map((length) => length.fixed));
  const scaled = graph.node('Mul', [slopes, size], 'int64', shape);
  return graph.node('Add', [fixed, scaled], 'int64', shape);
}

function numbersOf(
  values: readonly GraphValue[],
  what: string,
): readonly (readonly number[])[] {
  const numbers = values.map(({ constant }) => {
    if (constant === undefined) {
      throw new ExportError(
        `${what} is constant for one batch size, but computed for another; export it with a fixed batch size`,
      );
    }
    return Array.from<number | bigint, number>(constant, Number);
  });
  if (new Set(numbers.map(({ length }) => length)).size > 1) {
    throw new ExportError(
      `${what} has a different length for a different batch size; export it with a fixed batch size`,
    );
  }
  return numbers;
}

function isSame(a: GraphValue, b: GraphValue): boolean {
  if (a.constant === undefined || b.constant === undefined) return false;
  if (!sameShape(a.shape, b.shape)) return false;
  return a.constant === b.constant || sameElements(a.constant, b.constant);
}
