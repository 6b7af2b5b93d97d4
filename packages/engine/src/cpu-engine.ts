import './gradients.js';

import { leaves, mapTree, NdArray, typedArrayOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { cpuBackend } from './cpu-backend.js';
import type {
  CompiledFunction,
  CompileOptions,
  Engine,
  EngineState,
  Hosted,
  PureFunction,
  TensorTree,
} from './engine.js';
import { HostState } from './host-state.js';

/** Plain tfjs in JavaScript: slow, and for small references only. */
export function cpuEngine(): Engine {
  return {
    name: 'cpu',
    device: 'cpu, plain JavaScript',
    compile<
      S extends TensorTree,
      I extends TensorTree,
      O extends TensorTree,
      F extends TensorTree,
    >(
      fn: PureFunction<S, I, O, F>,
      options: CompileOptions<F> = {},
    ): CompiledFunction<S, I, O> {
      return {
        run: async (state, inputs, { signal } = {}) => {
          signal?.throwIfAborted();
          cpuBackend();
          await tf.setBackend('cpu');
          return runPlainly(
            fn,
            options.frozen ?? ({} as Hosted<F>),
            state,
            inputs,
          );
        },
        release: () => Promise.resolve(),
      };
    },
    state: <S extends TensorTree>(values: Hosted<S>) =>
      new HostState<S>(values),
    dispose: () => Promise.resolve(),
  };
}

function runPlainly<
  S extends TensorTree,
  I extends TensorTree,
  O extends TensorTree,
  F extends TensorTree,
>(
  fn: PureFunction<S, I, O, F>,
  frozen: Hosted<F>,
  state: EngineState<S>,
  inputs: Hosted<I>,
): Hosted<O> {
  if (!(state instanceof HostState))
    throw new TypeError('the state belongs to another engine');
  const own = state as HostState<S>;
  tf.engine().startScope();
  try {
    const { outputs, state: changed = {} } = fn({
      state: mapTree(own.tree(), tensorOf) as unknown as S,
      inputs: mapTree(inputs, tensorOf) as unknown as I,
      frozen: mapTree(frozen, tensorOf) as unknown as F,
    });
    const arrays = mapTree(outputs, arrayOf) as unknown as Hosted<O>;
    const next = new Map(leaves<NdArray>(own.tree()));
    for (const [path, tensor] of leaves<tf.Tensor>(changed)) {
      own.current(path);
      next.set(path, arrayOf(tensor));
    }
    let place = 0;
    const values = [...next.values()];
    own.replace(
      mapTree(own.tree(), () => values[place++]) as unknown as Hosted<S>,
    );
    // What the function kept from an inner scope is freed here, too.
    for (const [, tensor] of leaves<tf.Tensor>({ outputs, changed })) {
      tensor.dispose();
    }
    return arrays;
  } finally {
    tf.engine().endScope();
  }
}

function tensorOf(array: NdArray): tf.Tensor {
  return tf.tensor(
    array.data as Float32Array,
    [...array.shape],
    array.dtype as 'float32',
  );
}

function arrayOf(tensor: tf.Tensor): NdArray {
  const { dtype } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new TypeError(`a function gives a tensor of type ${dtype}`);
  }
  const data = typedArrayOf[dtype].from(tensor.dataSync());
  return new NdArray(dtype, tensor.shape, data);
}
