import '../gradients.js';

import type {
  CompiledFunction,
  CompileOptions,
  Engine,
  EngineState,
  Hosted,
  PureFunction,
  TensorTree,
} from '../engine.js';
import { PlainFunction } from './plain-function.js';
import { TensorState } from './tensor-state.js';

/** An engine that runs functions operation by operation, with a backend that is registered with tfjs. */
export function plainEngine({
  name,
  device,
  backend,
}: Pick<Engine, 'name' | 'device'> & {
  /** its name in tfjs */
  readonly backend: string;
}): Engine {
  const release = new Set<() => Promise<void>>();
  const states = new Set<WeakRef<{ dispose(): void }>>();
  return {
    name,
    device,
    compile<
      S extends TensorTree,
      I extends TensorTree,
      O extends TensorTree,
      F extends TensorTree,
    >(
      fn: PureFunction<S, I, O, F>,
      options: CompileOptions<F> = {},
    ): CompiledFunction<S, I, O> {
      const made = new PlainFunction<S, I, O, F>(backend, fn, options);
      release.add(() => made.release());
      return made;
    },
    state<S extends TensorTree>(values: Hosted<S>): EngineState<S> {
      const made = new TensorState<S>(backend, values);
      states.add(new WeakRef(made));
      return made;
    },
    async dispose() {
      for (const free of release) await free();
      for (const state of states) state.deref()?.dispose();
      release.clear();
      states.clear();
    },
  };
}
