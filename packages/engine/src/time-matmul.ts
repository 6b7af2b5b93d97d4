import { at, filled } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { Engine } from './engine.js';

/** How long an engine takes for a product of two square matrices. */
export interface MatMulTime {
  /** rows and columns */
  readonly side: number;
  /** the median */
  readonly matMulMs: number;
  readonly gflops: number;
}

const repeats = 5;

type Matrices = { readonly a: tf.Tensor; readonly b: tf.Tensor };

/** Times a product of two matrices that lie in the engine, as weights do. */
export async function timeMatMul(
  engine: Engine,
  side: number,
): Promise<MatMulTime> {
  const product = engine.compile(({ state }: { readonly state: Matrices }) => ({
    // Its sum, so that reading the result back is no part of the time.
    outputs: { sum: tf.sum(tf.matMul(state.a, state.b)) },
  }));
  const state = engine.state<Matrices>({
    a: filled([side, side], 0.5),
    b: filled([side, side], 2),
  });
  await product.run(state, {});
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await product.run(state, {});
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const matMulMs = at(times, repeats >> 1);
  return { side, matMulMs, gflops: (2 * side ** 3) / matMulMs / 1e6 };
}
