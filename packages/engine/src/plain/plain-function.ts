import {
  formatShape,
  leaves,
  mapTree,
  sameShape,
  ShapeError,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type {
  CompiledFunction,
  CompileOptions,
  EngineState,
  Hosted,
  PureFunction,
  TensorTree,
} from '../engine.js';
import { callPure } from '../pure/call.js';
import { functionName } from '../pure/describe.js';
import { expectArrays } from '../pure/given-arrays.js';
import { foreignState, leafToChange } from '../state-form.js';
import { TensorState } from './tensor-state.js';
import { arrayOf, ownTensorOf, tensorOf, withBackend } from './tensors.js';

/** A function that tfjs runs operation by operation, with one of its backends. */
export class PlainFunction<
  S extends TensorTree,
  I extends TensorTree,
  O extends TensorTree,
  F extends TensorTree,
> implements CompiledFunction<S, I, O>
{
  readonly #backend: string;
  readonly #fn: PureFunction<S, I, O, F>;
  readonly #name: string;
  readonly #givenFrozen: Hosted<F>;
  /** made at the first run, and kept */
  #frozen: TensorTree | undefined;

  constructor(
    backend: string,
    fn: PureFunction<S, I, O, F>,
    { name, frozen }: CompileOptions<F>,
  ) {
    this.#backend = backend;
    this.#fn = fn;
    this.#name = functionName(fn, name);
    this.#givenFrozen = frozen ?? ({} as Hosted<F>);
    expectArrays(this.#givenFrozen, `the frozen arrays of ${this.#name}`);
  }

  run(
    state: EngineState<S>,
    inputs: Hosted<I>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Hosted<O>> {
    return new Promise((resolve) => {
      signal?.throwIfAborted();
      const own = this.#own(state);
      expectArrays(inputs, `the inputs of ${this.#name}`);
      resolve(withBackend(this.#backend, () => this.#run(own, inputs)));
    });
  }

  /** There is nothing to make ready: what is wrong comes to light in a run on a copy of the state. */
  async prepare(state: EngineState<S>, inputs: Hosted<I>): Promise<void> {
    const own = this.#own(state);
    const copy = new TensorState<S>(this.#backend, await own.read());
    try {
      await this.run(copy, inputs);
    } finally {
      copy.dispose();
    }
  }

  release(): Promise<void> {
    for (const [, tensor] of leaves<tf.Tensor>(this.#frozen ?? {})) {
      tensor.dispose();
    }
    this.#frozen = undefined;
    return Promise.resolve();
  }

  #own(state: EngineState<S>): TensorState<S> {
    if (state instanceof TensorState && state.backend === this.#backend) {
      return state as TensorState<S>;
    }
    throw foreignState(state, this.#name);
  }

  #run(state: TensorState<S>, inputs: Hosted<I>): Hosted<O> {
    this.#frozen ??= mapTree(this.#givenFrozen, ownTensorOf) as TensorTree;
    const frozen = this.#frozen;
    tf.engine().startScope(this.#name);
    try {
      const given = mapTree(inputs, tensorOf) as TensorTree;
      const { outputs, state: changed } = callPure(
        this.#fn,
        { state: state.tree(), inputs: given, frozen },
        { name: this.#name },
      );
      const changes = leaves<tf.Tensor>(changed);
      for (const change of changes) this.#expectLeaf(state, change);
      const results = mapTree(outputs, arrayOf) as unknown as Hosted<O>;

      // Elements that the caller owns are copied: they may change after the call.
      const callers = dataOf(given, frozen);
      const next = changes.map(([path, tensor]) => {
        const keeps = callers.has(tensor.dataId)
          ? ownTensorOf(arrayOf(tensor, path), path)
          : tf.keep(tf.clone(tensor));
        return [path, keeps] as const;
      });
      // What the function kept from an inner scope is freed here, too.
      const kept = new Set([
        ...state.tensors.values(),
        ...leaves<tf.Tensor>(frozen).map(([, tensor]) => tensor),
      ]);
      for (const [, tensor] of leaves<tf.Tensor>({ outputs, changed })) {
        if (!kept.has(tensor)) tensor.dispose();
      }
      for (const [path, tensor] of next) state.replace(path, tensor);
      return results;
    } finally {
      tf.engine().endScope();
    }
  }

  #expectLeaf(
    { tensors }: TensorState<S>,
    [path, { dtype, shape }]: readonly [string, tf.Tensor],
  ): void {
    const own = leafToChange(tensors, path);
    if (own.dtype === dtype && sameShape(own.shape, shape)) return;
    throw new ShapeError(
      `${this.#name} changes "${path}" from ${own.dtype} ${formatShape(own.shape)} to ${dtype} ${formatShape(shape)}`,
    );
  }
}

function dataOf(...trees: readonly TensorTree[]): ReadonlySet<object> {
  return new Set(
    trees.flatMap((tree) =>
      leaves<tf.Tensor>(tree).map(([, { dataId }]) => dataId),
    ),
  );
}
