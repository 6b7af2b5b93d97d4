import { NdArray } from '@clip-lung/tensor';
import type * as ort from 'onnxruntime-node';

import type { Graph, GraphValue } from '../graph/graph.js';
import { serialiseGraph } from '../graph/serialise.js';
import { splitFrozen } from './frozen-part.js';
import { ortTensor } from './ort-tensor.js';
import { createSession, type SessionOptions } from './session.js';

/** A graph that is ready to run. */
export interface Program {
  readonly session: ort.InferenceSession;
  /** what the session is given in every run, besides its own inputs */
  readonly fixed: Readonly<Record<string, ort.Tensor>>;
}

/** How a graph holds its large constants. */
export type FrozenWeights = 'packed' | 'shared';

/**
 * Loads a graph into ONNX Runtime. Where weights are shared, large constants stay in host memory, one copy for all graphs
 * that are traced with the same arrays, and what follows from them alone is computed here, once. Else each session holds
 * its own, in the order that its products want.
 */
export async function loadGraph(
  graph: Graph,
  {
    frozenWeights,
    ...options
  }: SessionOptions & { readonly frozenWeights: FrozenWeights },
): Promise<Program> {
  if (frozenWeights === 'packed' || options.device !== 'cpu') {
    const model = serialiseGraph(graph.live());
    return { session: await createSession(model, options), fixed: {} };
  }
  const { ahead, each, fixed } = splitFrozen(graph);
  const computed =
    ahead === undefined
      ? {}
      : await runOnce(ahead, { ...options, profile: undefined });
  return {
    session: await createSession(serialiseGraph(each), options),
    fixed: Object.fromEntries(
      fixed.map((value) => [
        value.name,
        computed[value.name] ?? constantTensor(value),
      ]),
    ),
  };
}

async function runOnce(
  part: Parameters<typeof serialiseGraph>[0],
  options: SessionOptions,
): Promise<Readonly<Record<string, ort.Tensor>>> {
  const session = await createSession(serialiseGraph(part), options);
  try {
    return await session.run(
      Object.fromEntries(
        part.inputs.map((value) => [value.name, constantTensor(value)]),
      ),
    );
  } finally {
    await session.release();
  }
}

/** ONNX Runtime's view of a constant: no copy. */
function constantTensor({ dtype, shape, constant }: GraphValue): ort.Tensor {
  if (constant === undefined) {
    throw new TypeError('a value that is not a constant is fed as one');
  }
  return ortTensor(new NdArray(dtype, shape, constant));
}
