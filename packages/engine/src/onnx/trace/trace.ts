import '../../gradients.js';

import {
  formatShape,
  leaves,
  mapTree,
  NdArray,
  sameShape,
  ShapeError,
  type Tree,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { Hosted, PureFunction, TensorTree } from '../../engine.js';
import { TraceError } from '../../errors.js';
import { callPure } from '../../pure/call.js';
import { expectArrays, type GivenArray } from '../../pure/given-arrays.js';
import type { Graph, GraphType } from '../graph/graph.js';
import { foldConstants } from '../kernels/fold.js';
import { kernels } from '../kernels/index.js';
import { arrangePlain } from '../symbols/arrange.js';
import { graphType } from '../symbols/host-values.js';
import {
  TraceBackend,
  traceBackendName,
  type TraceOptions,
} from '../symbols/trace-backend.js';

/** A result of a traced function: where it belongs in the tree, and the graph output that holds it. */
export interface TracedOutput {
  readonly path: string;
  readonly name: string;
  readonly dtype: GraphType;
  readonly shape: readonly number[];
}

export interface TracedFunction {
  readonly graph: Graph;
  /** the leaves of the state that the function changes */
  readonly state: readonly TracedOutput[];
  readonly outputs: readonly TracedOutput[];
  /** the form of the outputs: a tree of their places in {@link outputs} */
  readonly form: Tree<number>;
}

/** Is told of every node while it is made, and of the kernel that makes it. */
export type OnNode = (node: string, kernel: string) => void;

/** The names that a graph gives to its inputs. */
export const stateInput = (path: string): string => `state:${path}`;
export const givenInput = (path: string): string => `input:${path}`;

let registered: TraceBackend | undefined;

function traceBackend(): TraceBackend {
  if (registered !== undefined) return registered;
  const backend = new TraceBackend();
  tf.registerBackend(traceBackendName, () => backend, 0);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs }) => {
        const call = { inputs, attrs, backend };
        backend.kernel = kernelName;
        return foldConstants(kernelName, call) ?? kernel(call);
      },
    });
  }
  registered = backend;
  return backend;
}

/**
 * Runs a function once with symbols for its arguments, and gives the graph of what it computes.
 *
 * @throws {@link TraceError} when it reads a value, or uses an operation that has no kernel here
 */
export function trace<
  S extends TensorTree,
  I extends TensorTree,
  O extends TensorTree,
  F extends TensorTree,
>(
  fn: PureFunction<S, I, O, F>,
  name: string,
  given: {
    readonly state: Hosted<S>;
    readonly inputs: Hosted<I>;
    readonly frozen: Hosted<F>;
  },
  { onNode, ...options }: TraceOptions & { readonly onNode?: OnNode } = {},
): TracedFunction {
  const backend = traceBackend();
  // tfjs has no backend before it is first asked for one.
  const before = (tf.engine().backendName as string | undefined) ?? 'cpu';
  void tf.setBackend(traceBackendName);
  const graph = backend.begin(options);
  graph.onNode =
    onNode &&
    ((node) => {
      onNode(node, backend.kernel);
    });
  tf.engine().startScope(name);
  try {
    const symbol =
      (inputName: (path: string) => string) =>
      ({ dtype, shape }: GivenArray, path: string): tf.TensorInfo =>
        backend.symbol(graph.input(inputName(path), dtype, shape));
    const constant = ({ dtype, shape, data }: GivenArray): tf.TensorInfo =>
      backend.constant(shape, dtype, data);
    const { outputs, state } = callPure(
      fn,
      {
        state: tensors(given.state, `the state of ${name}`, symbol(stateInput)),
        inputs: tensors(
          given.inputs,
          `the inputs of ${name}`,
          symbol(givenInput),
        ),
        frozen: tensors(given.frozen, `the frozen arrays of ${name}`, constant),
      },
      { name, kernels: Object.keys(kernels) },
    );
    const output = ([path, tensor]: readonly [
      string,
      tf.Tensor,
    ]): TracedOutput => {
      const value = graph.output(arrangePlain(backend, tensor), {
        named: options.plain === true,
      });
      const dtype = graphType(tensor.dtype);
      if (value.dtype !== dtype) {
        throw new TraceError(
          `"${path}" of ${name} is ${dtype} to tfjs, and ${value.dtype} in the graph`,
        );
      }
      return {
        path,
        name: value.name,
        dtype,
        shape: value.shape,
      };
    };
    const kept = new Map(leaves<NdArray>(given.state));
    let places = 0;
    return {
      graph,
      state: leaves<tf.Tensor>(state)
        .map(output)
        .map((changed) => expectLeaf(changed, kept, name)),
      outputs: leaves<tf.Tensor>(outputs).map(output),
      form: mapTree<unknown, tf.Tensor, number>(outputs, () => places++),
    };
  } finally {
    // So that the backend, which lives on, does not hold the graph's constants.
    backend.begin();
    tf.engine().endScope();
    if (before !== traceBackendName) void tf.setBackend(before);
  }
}

function expectLeaf(
  changed: TracedOutput,
  state: ReadonlyMap<string, NdArray>,
  name: string,
): TracedOutput {
  const own = state.get(changed.path);
  if (own === undefined) {
    throw new ShapeError(
      `${name} changes "${changed.path}", which the state does not have; it has ${[...state.keys()].join(', ')}`,
    );
  }
  if (own.dtype !== changed.dtype || !sameShape(own.shape, changed.shape)) {
    throw new ShapeError(
      `${name} changes "${changed.path}" from ${own.dtype} ${formatShape(own.shape)} to ${changed.dtype} ${formatShape(changed.shape)}`,
    );
  }
  return changed;
}

/** The tensors of a tree of arrays, each made by `make`. */
function tensors(
  arrays: unknown,
  owner: string,
  make: (array: GivenArray, path: string) => tf.TensorInfo,
): TensorTree {
  expectArrays(arrays, owner);
  return mapTree<unknown, GivenArray, tf.Tensor>(arrays, (array, path) =>
    tf.engine().makeTensorFromTensorInfo(make(array, path)),
  );
}
