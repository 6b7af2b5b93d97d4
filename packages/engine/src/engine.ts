import type { MapLeaves, NdArray, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** A tree whose leaves are tfjs tensors: what a function sees while it is traced or run. */
export type TensorTree = Tree<tf.Tensor>;

/** The tree of the same form whose leaves are arrays in host memory. */
export type Hosted<T> = MapLeaves<T, tf.Tensor, NdArray>;

/** What a compiled function works on. */
export interface Arguments<S, I, F> {
  /** kept in the engine from call to call */
  readonly state: S;
  /** given with every call */
  readonly inputs: I;
  /** given once, when the function is compiled, and never changed */
  readonly frozen: F;
}

/** What a compiled function gives back. */
export interface Results<O> {
  readonly outputs: O;
  /** the leaves of the state that change, by their place in it; those left out stay as they are */
  readonly state?: TensorTree;
}

/**
 * A pure function of tfjs tensors: it reads no tensor's value, draws no random numbers, and gives the same shapes for
 * the same shapes.
 */
export type PureFunction<S, I, O, F> = (
  given: Arguments<S, I, F>,
) => Results<O>;

export interface CompileOptions<F> {
  /** the name that errors mention */
  readonly name?: string;
  /** constants of the function; the arrays themselves are used, so they must not change afterwards */
  readonly frozen?: Hosted<F>;
}

/** A function that an engine made ready to run. It is prepared anew for every combination of input shapes. */
export interface CompiledFunction<S, I, O> {
  /**
   * @param options.signal stops the call before it starts; a call that has started runs to its end, and changes the state whole
   * @throws `ShapeError` when the function changes a leaf of the state that is not there, or changes its shape
   */
  run(
    state: EngineState<S>,
    inputs: Hosted<I>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Hosted<O>>;
  /**
   * Makes ready a call with inputs of these shapes, and changes nothing: what is wrong with the function itself comes to
   * light, and the first call need not wait.
   *
   * @throws what {@link run} throws
   */
  prepare(state: EngineState<S>, inputs: Hosted<I>): Promise<void>;
  release(): Promise<void>;
}

/** Arrays that live in an engine, are read and changed by its functions, and are copied out only when asked for. */
export interface EngineState<S> {
  /** a copy of every array */
  read(): Promise<Hosted<S>>;
  /** Replaces every array. @throws `ShapeError` when names, types or shapes differ */
  write(values: Hosted<S>): Promise<void>;
}

/** Runs pure tfjs functions. */
export interface Engine {
  readonly name: 'onnx' | 'tensorflow' | 'cpu';
  /** where it runs, in words for a person */
  readonly device: string;
  compile<
    S extends TensorTree,
    I extends TensorTree,
    O extends TensorTree,
    F extends TensorTree = Record<string, never>,
  >(
    fn: PureFunction<S, I, O, F>,
    options?: CompileOptions<F>,
  ): CompiledFunction<S, I, O>;
  /** Takes a copy of `values` into the engine. */
  state<S extends TensorTree>(values: Hosted<S>): EngineState<S>;
  dispose(): Promise<void>;
}
