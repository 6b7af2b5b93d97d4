import { leaves } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { TensorTree } from '../engine.js';
import { TraceError } from '../errors.js';
import { described } from './describe.js';

/** What a function gave, once it is known to be that. */
export interface CheckedResults {
  readonly outputs: TensorTree;
  readonly state: TensorTree;
}

const wanted =
  'expected { outputs }, and { outputs, state } where it changes its state';

/** @throws {@link TraceError} that says what a function gave instead of trees of tensors */
export function checkedResults(value: unknown, name: string): CheckedResults {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceError(`${name} gives ${described(value)}, ${wanted}`);
  }
  if (!('outputs' in value)) {
    throw new TraceError(
      `${name} gives ${described(value)}, without outputs; ${wanted}`,
    );
  }
  const { outputs, state = {} } = value as {
    readonly outputs: unknown;
    readonly state?: unknown;
  };
  const [extra] = Object.keys(value).filter(
    (key) => key !== 'outputs' && key !== 'state',
  );
  if (extra !== undefined) {
    throw new TraceError(
      `${name} gives "${extra}" besides its outputs, which nothing would read; ${wanted}`,
    );
  }
  expectTensors(outputs, 'outputs', name);
  expectTensors(state, 'state', name);
  return { outputs, state };
}

function expectTensors(
  tree: unknown,
  part: string,
  name: string,
): asserts tree is TensorTree {
  for (const [path, leaf] of leaves<unknown>(tree)) {
    if (leaf instanceof tf.Tensor && !leaf.isDisposed) continue;
    const where = path === '' ? part : `${part}.${path}`;
    throw new TraceError(
      `${name} gives ${described(leaf)} for ${where}, expected a tfjs tensor${leaf instanceof tf.Tensor ? ' that was not disposed' : ''}`,
    );
  }
}
