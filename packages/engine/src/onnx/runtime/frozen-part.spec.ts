import { filled, float32, type NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { trace } from '../trace/trace.js';
import { splitFrozen } from './frozen-part.js';
import { onnxEngine } from './onnx-engine.js';

const engine = onnxEngine({ threads: 1, frozenWeights: 'shared' });
afterAll(() => engine.dispose());

const size = 300; // its square is large
const ramp = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (i % 7) - 3);
const frozen = {
  weight: float32([size, size], ramp(size * size)),
  gain: float32([size], ramp(size)),
};
const x = float32([2, size], ramp(2 * size));

type Inputs = { readonly x: tf.Tensor };
type Frozen = { readonly weight: tf.Tensor; readonly gain: tf.Tensor };

const product = (a: tf.Tensor, b: tf.Tensor, transposed = false): tf.Tensor =>
  tf.matMul(a, b, false, transposed);

/** The weights as they are, turned, and scaled. */
function layer({ inputs, frozen: given }: { inputs: Inputs; frozen: Frozen }): {
  outputs: { y: tf.Tensor };
} {
  const scaled = tf.mul(given.weight, given.gain);
  const turned = product(product(inputs.x, given.weight), given.weight, true);
  return { outputs: { y: product(turned, scaled) } };
}

const split = (fn: typeof layer): ReturnType<typeof splitFrozen> =>
  splitFrozen(trace(fn, 'a layer', { state: {}, inputs: { x }, frozen }).graph);

describe('what of a graph is the same in every run', () => {
  it('is given to it, or computed ahead of it; transpositions stay with their products', () => {
    const { ahead, each, fixed } = split(layer);
    expect(ahead?.nodes.map(({ op }) => op)).toEqual(['Mul']);
    expect(each.nodes.map(({ op }) => op)).not.toContain('Mul');
    expect(fixed).toHaveLength(2);
    // The very array of the program, not a copy of it.
    expect(fixed.map(({ constant }) => constant)).toContain(frozen.weight.data);
  });

  it('is nothing where no large constant is', () => {
    const { ahead, fixed } = split(({ inputs, frozen: { gain } }) => ({
      outputs: { y: tf.mul(inputs.x, tf.square(gain)) },
    }));
    expect(ahead).toBeUndefined();
    expect(fixed).toEqual([]);
  });

  it('gives the same numbers as tfjs, run after run', async () => {
    const compiled = engine.compile(layer, { frozen });
    const state = engine.state({});
    const expected = (row: NdArray<'float32'>): number[] => {
      const w = frozen.weight.data;
      const times = (
        v: readonly number[],
        turned: boolean,
        gain?: Float32Array,
      ) =>
        Array.from({ length: size }, (_, j) =>
          v.reduce(
            (sum, value, i) =>
              sum +
              value *
                (w[turned ? j * size + i : i * size + j] ?? NaN) *
                (gain?.[j] ?? 1),
            0,
          ),
        );
      const first = [...row.data.subarray(0, size)];
      return times(times(times(first, false), true), false, frozen.gain.data);
    };
    for (const given of [x, filled([2, size], 1)]) {
      const { y } = await compiled.run(state, { x: given });
      const wanted = expected(given);
      const largest = Math.max(...wanted.map(Math.abs));
      wanted.forEach((value, j) => {
        expect(Math.abs((y.data[j] as number) - value)).toBeLessThanOrEqual(
          1e-5 * largest,
        );
      });
    }
  });

  it('may be a result itself', async () => {
    const compiled = engine.compile(
      ({ inputs, frozen: { weight } }: { inputs: Inputs; frozen: Frozen }) => ({
        outputs: { y: tf.square(weight), same: weight, x: inputs.x },
      }),
      { frozen },
    );
    const { y, same } = await compiled.run(engine.state({}), { x });
    expect([...y.data.slice(0, 4)]).toEqual([9, 4, 1, 0]);
    expect(same.data).toEqual(frozen.weight.data);
  });
});
