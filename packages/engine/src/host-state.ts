import { leaves, mapTree, NdArray, type Tree } from '@clip-lung/tensor';

import type { EngineState, Hosted } from './engine.js';
import { expectArrays } from './pure/given-arrays.js';
import { expectSameLeaves, leafToChange } from './state-form.js';

/** A state whose arrays lie in host memory, each twice: what is read now, and the buffer that is written next. */
export class HostState<S> implements EngineState<S> {
  readonly #form: Hosted<S>;
  readonly arrays: Map<string, NdArray>;
  readonly #spares = new Map<string, NdArray>();

  constructor(values: Hosted<S>) {
    expectArrays(values, 'the state');
    this.#form = values;
    this.arrays = new Map(
      leaves<NdArray>(values as Tree<NdArray>).map(([path, array]) => [
        path,
        copyOf(array),
      ]),
    );
  }

  read(): Promise<Hosted<S>> {
    return Promise.resolve(this.#tree(copyOf));
  }

  /** The arrays themselves, for the engine that owns them. */
  tree(): Hosted<S> {
    return this.#tree((array) => array);
  }

  #tree(change: (array: NdArray) => NdArray): Hosted<S> {
    const tree = mapTree<Hosted<S>, NdArray, NdArray>(this.#form, (_, path) =>
      change(this.current(path)),
    );
    return tree as unknown as Hosted<S>;
  }

  write(values: Hosted<S>): Promise<void> {
    return new Promise((resolve) => {
      this.replace(values);
      resolve();
    });
  }

  /** {@link write}, at once. */
  replace(values: Hosted<S>): void {
    expectArrays(values, 'the new state');
    const given = new Map(leaves<NdArray>(values));
    expectSameLeaves(this.arrays, given);
    for (const [path, array] of given) this.arrays.set(path, copyOf(array));
  }

  /** The buffer into which the next value of `path` may be written: never the one that is read now. */
  spare(path: string): NdArray {
    let spare = this.#spares.get(path);
    if (spare === undefined) {
      spare = copyOf(this.current(path));
      this.#spares.set(path, spare);
    }
    return spare;
  }

  /** Makes the written spare the value of `path`; the old value's buffer is the next spare. */
  swap(path: string): void {
    const written = this.spare(path);
    this.#spares.set(path, this.current(path));
    this.arrays.set(path, written);
  }

  current(path: string): NdArray {
    return leafToChange(this.arrays, path);
  }
}

function copyOf(array: NdArray): NdArray {
  return new NdArray(array.dtype, array.shape, array.data.slice());
}
