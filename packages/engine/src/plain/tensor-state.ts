import { leaves, mapTree, type NdArray, type Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import type { EngineState, Hosted } from '../engine.js';
import { expectArrays } from '../pure/given-arrays.js';
import { expectSameLeaves, leafToChange } from '../state-form.js';
import { arrayOf, ownTensorOf, withBackend } from './tensors.js';

/** A state whose arrays live in a backend of tfjs, as tensors. Their memory is freed with the state, or by `dispose`. */
export class TensorState<S> implements EngineState<S> {
  readonly backend: string;
  readonly #form: Hosted<S>;
  readonly #tensors: Map<string, tf.Tensor>;

  constructor(backend: string, values: Hosted<S>) {
    expectArrays(values, 'the state');
    this.backend = backend;
    this.#form = values;
    this.#tensors = withBackend(
      backend,
      () =>
        new Map(
          leaves<NdArray>(values as Tree<NdArray>).map(([path, array]) => [
            path,
            ownTensorOf(array, path),
          ]),
        ),
    );
    // Native memory is not seen by the garbage collector: it goes when the state does.
    abandoned.register(this, this.#tensors, this);
  }

  /** By their paths, for the engine that owns them. */
  get tensors(): ReadonlyMap<string, tf.Tensor> {
    return this.#tensors;
  }

  /** The tensors in the form of the state. */
  tree(): Tree<tf.Tensor> {
    return this.#map((tensor) => tensor);
  }

  read(): Promise<Hosted<S>> {
    return new Promise((resolve) => {
      const copy = withBackend(this.backend, () => this.#map(arrayOf));
      resolve(copy as unknown as Hosted<S>);
    });
  }

  write(values: Hosted<S>): Promise<void> {
    return new Promise((resolve) => {
      expectArrays(values, 'the new state');
      const given = new Map(leaves<NdArray>(values));
      expectSameLeaves(this.#tensors, given);
      withBackend(this.backend, () => {
        for (const [path, array] of given) {
          this.replace(path, ownTensorOf(array, path));
        }
      });
      resolve();
    });
  }

  /** Makes a kept tensor the value of `path`, and frees the old one. */
  replace(path: string, tensor: tf.Tensor): void {
    this.#tensors.get(path)?.dispose();
    this.#tensors.set(path, tensor);
  }

  dispose(): void {
    abandoned.unregister(this);
    free(this.#tensors);
  }

  #map<To>(change: (tensor: tf.Tensor, path: string) => To): Tree<To> {
    return mapTree<unknown, NdArray, To>(this.#form, (_, path) =>
      change(leafToChange(this.#tensors, path), path),
    );
  }
}

const abandoned = new FinalizationRegistry(free);

function free(tensors: Map<string, tf.Tensor>): void {
  for (const tensor of tensors.values()) tensor.dispose();
  tensors.clear();
}
