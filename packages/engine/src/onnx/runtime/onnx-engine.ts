import { availableParallelism } from 'node:os';

import {
  at,
  arrayFromBytes,
  formatShape,
  leaves,
  mapTree,
  NdArray,
  sizeOf,
  type Tree,
  typedArrayOf,
} from '@clip-lung/tensor';
import type * as ort from 'onnxruntime-node';

import type {
  CompiledFunction,
  CompileOptions,
  Engine,
  EngineState,
  Hosted,
  PureFunction,
  TensorTree,
} from '../../engine.js';
import type { TraceError } from '../../errors.js';
import { HostState } from '../../host-state.js';
import { functionName } from '../../pure/describe.js';
import { expectArrays } from '../../pure/given-arrays.js';
import { foreignState } from '../../state-form.js';
import {
  givenInput,
  type OnNode,
  stateInput,
  trace,
  type TracedFunction,
  type TracedOutput,
} from '../trace/trace.js';
import { expectDevice, type OnnxDevice, wantsPlain } from './devices.js';
import { ortTensor } from './ort-tensor.js';
import { type FrozenWeights, loadGraph, type Program } from './program.js';
import { runtimeError } from './runtime-error.js';

export interface OnnxEngineOptions {
  /** what computes; `availableDevices` says which are there. Default `cpu` */
  readonly device?: OnnxDevice;
  /** threads inside one operation; by default, one per core */
  readonly threads?: number;
  /**
   * threads wait for each other by spinning: a little faster on a machine that has nothing else to do, several times slower
   * on one that has. Default false
   */
  readonly spinning?: boolean;
  /**
   * `packed`: every graph keeps its own copies of large frozen arrays, laid out for its products: some percent faster.
   * `shared`: all graphs read the arrays themselves, one copy in memory, on the CPU. Default `packed`
   */
  readonly frozenWeights?: FrozenWeights;
  /** how many input signatures of one function stay ready; the one unused for longest goes first. Default 8 */
  readonly signatures?: number;
}

/**
 * An engine that traces functions into ONNX graphs and runs them with ONNX Runtime, natively.
 *
 * @throws `EngineUnavailableError` for a device that ONNX Runtime cannot use here
 */
export function onnxEngine({
  device = 'cpu',
  threads = availableParallelism(),
  spinning = false,
  frozenWeights = 'packed',
  signatures = 8,
}: OnnxEngineOptions = {}): Engine {
  expectDevice(device);
  const compiled = new Set<
    OnnxFunction<TensorTree, TensorTree, TensorTree, TensorTree>
  >();
  return {
    name: 'onnx',
    device: `${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    compile<
      S extends TensorTree,
      I extends TensorTree,
      O extends TensorTree,
      F extends TensorTree,
    >(fn: PureFunction<S, I, O, F>, options: CompileOptions<F> = {}) {
      const made = new OnnxFunction<S, I, O, F>(fn, options, {
        device,
        threads,
        spinning,
        frozenWeights,
        signatures,
      });
      compiled.add(
        made as unknown as OnnxFunction<
          TensorTree,
          TensorTree,
          TensorTree,
          TensorTree
        >,
      );
      return made;
    },
    state: <S extends TensorTree>(values: Hosted<S>) =>
      new HostState<S>(values),
    async dispose() {
      for (const made of compiled) await made.release();
      compiled.clear();
    },
  };
}

/** A program, and what its results are; the graph itself is not needed any more. */
interface TracedProgram extends Program {
  readonly traced: Omit<TracedFunction, 'graph'>;
}

class OnnxFunction<
  S extends TensorTree,
  I extends TensorTree,
  O extends TensorTree,
  F extends TensorTree,
> implements CompiledFunction<S, I, O>
{
  readonly #fn: PureFunction<S, I, O, F>;
  readonly #name: string;
  readonly #frozen: Hosted<F>;
  readonly #limits: Required<OnnxEngineOptions>;
  readonly #programs = new Map<string, Promise<TracedProgram>>();

  constructor(
    fn: PureFunction<S, I, O, F>,
    { name, frozen }: CompileOptions<F>,
    limits: Required<OnnxEngineOptions>,
  ) {
    this.#fn = fn;
    this.#name = functionName(fn, name);
    this.#frozen = frozen ?? ({} as Hosted<F>);
    expectArrays(this.#frozen, `the frozen arrays of ${this.#name}`);
    this.#limits = limits;
  }

  async run(
    state: EngineState<S>,
    inputs: Hosted<I>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Hosted<O>> {
    signal?.throwIfAborted();
    const own = this.#own(state);
    expectArrays(inputs, `the inputs of ${this.#name}`);
    const { session, fixed, traced } = await this.#program(own, inputs);
    signal?.throwIfAborted();

    const feeds: Record<string, ort.Tensor> = { ...fixed };
    for (const [path, array] of own.arrays)
      feeds[stateInput(path)] = ortTensor(array);
    for (const [path, array] of leaves<NdArray>(inputs)) {
      feeds[givenInput(path)] = ortTensor(array);
    }
    const fetches: Record<string, ort.Tensor> = {};
    for (const { path, name } of traced.state)
      fetches[name] = ortTensor(own.spare(path));
    const results = traced.outputs.map(emptyArray);
    traced.outputs.forEach(({ name }, i) => {
      fetches[name] = ortTensor(at(results, i));
    });
    try {
      await session.run(feeds, fetches);
    } catch (error) {
      throw this.#explained(error, own, inputs);
    }
    for (const { path } of traced.state) own.swap(path);
    return mapTree<Tree<number>, number, NdArray>(traced.form, (place) =>
      at(results, place),
    ) as unknown as Hosted<O>;
  }

  async prepare(state: EngineState<S>, inputs: Hosted<I>): Promise<void> {
    const own = this.#own(state);
    expectArrays(inputs, `the inputs of ${this.#name}`);
    await this.#program(own, inputs);
  }

  async release(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    for (const program of programs) await (await program).session.release();
  }

  async #program(
    state: HostState<S>,
    inputs: Hosted<I>,
  ): Promise<TracedProgram> {
    const key = [...state.arrays, ...leaves<NdArray>(inputs as Tree<NdArray>)]
      .map(
        ([path, { dtype, shape }]) => `${path} ${dtype}${formatShape(shape)}`,
      )
      .join();
    let program = this.#programs.get(key);
    if (program === undefined) {
      program = this.#prepare(state, inputs);
    } else {
      this.#programs.delete(key);
    }
    // Last in the map is used last.
    this.#programs.set(key, program);
    try {
      const ready = await program;
      await this.#forgetOldest();
      return ready;
    } catch (error) {
      this.#programs.delete(key);
      throw error;
    }
  }

  async #prepare(
    state: HostState<S>,
    inputs: Hosted<I>,
  ): Promise<TracedProgram> {
    const { graph, ...traced } = this.#trace(state, inputs);
    try {
      return { ...(await loadGraph(graph, this.#limits)), traced };
    } catch (error) {
      throw this.#explained(error, state, inputs);
    }
  }

  #trace(
    state: HostState<S>,
    inputs: Hosted<I>,
    onNode?: OnNode,
  ): TracedFunction {
    return trace(
      this.#fn,
      this.#name,
      { state: state.tree(), inputs, frozen: this.#frozen },
      {
        plain: wantsPlain(this.#limits.device),
        ...(onNode === undefined ? {} : { onNode }),
      },
    );
  }

  #explained(
    error: unknown,
    state: HostState<S>,
    inputs: Hosted<I>,
  ): TraceError {
    return runtimeError(error, this.#name, (onNode) => {
      this.#trace(state, inputs, onNode);
    });
  }

  #own(state: EngineState<S>): HostState<S> {
    if (state instanceof HostState) return state as HostState<S>;
    throw foreignState(state, this.#name);
  }

  async #forgetOldest(): Promise<void> {
    const [oldest] = this.#programs;
    if (oldest === undefined || this.#programs.size <= this.#limits.signatures)
      return;
    this.#programs.delete(oldest[0]);
    await (await oldest[1]).session.release();
  }
}

function emptyArray({ dtype, shape }: TracedOutput): NdArray {
  const bytes = new Uint8Array(
    sizeOf(shape) * typedArrayOf[dtype].BYTES_PER_ELEMENT,
  );
  return arrayFromBytes(dtype, shape, bytes);
}
