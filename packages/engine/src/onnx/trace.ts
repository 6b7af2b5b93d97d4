import '../gradients.js';

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

import type { Hosted, PureFunction, TensorTree } from '../engine.js';
import { TraceError } from '../errors.js';
import { arrangePlain } from './arrange.js';
import { foldConstants } from './fold.js';
import type { Graph, GraphType } from './graph.js';
import { refuseChance } from './impure.js';
import { kernels } from './kernels/index.js';
import {
  TraceBackend,
  traceBackendName,
  type TraceOptions,
} from './trace-backend.js';
import { userFrame, withDeepStacks } from './user-frame.js';

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
  options: TraceOptions = {},
): TracedFunction {
  const backend = traceBackend();
  // tfjs has no backend before it is first asked for one.
  const before = (tf.engine().backendName as string | undefined) ?? 'cpu';
  void tf.setBackend(traceBackendName);
  const graph = backend.begin(options);
  tf.engine().startScope(name);
  try {
    const symbol =
      (inputName: (path: string) => string) => (array: NdArray, path: string) =>
        tf
          .engine()
          .makeTensorFromTensorInfo(
            backend.symbol(
              graph.input(inputName(path), typeOf(array, path), array.shape),
            ),
          );
    const constant = (array: NdArray, path: string): tf.Tensor =>
      tf
        .engine()
        .makeTensorFromTensorInfo(
          backend.constant(
            array.shape,
            typeOf(array, path),
            array.data as Float32Array,
          ),
        );
    const symbols = {
      state: mapTree(given.state, symbol(stateInput)) as unknown as S,
      inputs: mapTree(given.inputs, symbol(givenInput)) as unknown as I,
      frozen: mapTree(given.frozen, constant) as unknown as F,
    };
    const { outputs, state = {} } = withDeepStacks(() =>
      refuseChance(name, () => fn(symbols)),
    );
    const output = ([path, tensor]: readonly [
      string,
      tf.Tensor,
    ]): TracedOutput => {
      const value = graph.output(arrangePlain(backend, tensor), {
        named: options.plain === true,
      });
      return {
        path,
        name: value.name,
        dtype: value.dtype as GraphType,
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
  } catch (error) {
    throw explained(error, name);
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

function typeOf({ dtype }: NdArray, path: string): GraphType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool')
    return dtype;
  throw new ShapeError(
    `"${path}" is ${dtype}; functions take float32, int32 and bool arrays`,
  );
}

/** tfjs says which kernel is missing, but neither where, nor what to do. What a caller has put in front of that is kept. */
function explained(error: unknown, name: string): unknown {
  if (!(error instanceof Error)) return error;
  const inner = error.cause instanceof Error ? error.cause : error;
  const kernel = /Kernel '(\w+)' not registered/.exec(inner.message)?.[1];
  if (kernel === undefined) return error;
  const { operation, place } = userFrame(inner.stack);
  const caller = operation === undefined ? '' : ` of ${operation}`;
  const where = place === undefined ? '' : ` at ${place}`;
  const problem = `${name} uses the tfjs kernel ${kernel}${caller}${where}, which is not traced; write it with other operations (known: ${Object.keys(kernels).sort().join(', ')})`;
  return new TraceError(
    error.message.replace(inner.message, () => problem),
    { cause: error },
  );
}
