import { NdArray, RandomStream, sizeOf, typedArrayOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

import { cpuEngine } from '../../src/cpu-engine.js';
import type { Engine } from '../../src/engine.js';
import type { Input, Sample } from './case.js';

const cpu = cpuEngine();

/**
 * Runs a sample, and the gradient of a weighted sum of its float results, on an engine and on tfjs-cpu.
 *
 * @param orders for every input, the order in which its axes are stored: the program transposes it back
 */
export async function expectSame(
  engine: Engine,
  sample: Sample,
  {
    seed,
    orders,
    gradient,
  }: {
    readonly seed: number;
    readonly orders: readonly (readonly number[])[];
    readonly gradient: boolean;
  },
): Promise<void> {
  const step = stepOf(sample, orders, gradient, seed);
  const inputs = Object.fromEntries(
    sample.inputs.map((input, i) => [
      `x${i}`,
      drawn(input, orders[i] ?? [], seed + i),
    ]),
  );
  const want: Record<string, NdArray> = await cpu
    .compile(step)
    .run(cpu.state({}), inputs);
  const compiled = engine.compile(step);
  const found: Record<string, NdArray> = await compiled.run(
    engine.state({}),
    inputs,
  );
  await compiled.release();
  expect(Object.keys(found)).toEqual(Object.keys(want));
  for (const [name, array] of Object.entries(want)) {
    expectClose(name, found[name], array);
  }
}

type Step = (given: { inputs: Record<string, tf.Tensor> }) => {
  outputs: Record<string, tf.Tensor>;
};

function stepOf(
  { inputs: specs, fn }: Sample,
  orders: readonly (readonly number[])[],
  gradient: boolean,
  seed: number,
): Step {
  const seen = (...tensors: tf.Tensor[]): readonly tf.Tensor[] => {
    const results = fn(
      ...tensors.map((tensor, i) =>
        tf.transpose(tensor, [...(orders[i] ?? [])]),
      ),
    );
    return results instanceof tf.Tensor ? [results] : results;
  };
  const weighted = (results: readonly tf.Tensor[]): tf.Scalar =>
    results
      .filter(({ dtype }) => dtype === 'float32')
      .map((result, i) =>
        tf.sum<tf.Scalar>(
          tf.mul(
            result,
            tf.tensor(
              noise(seed + 100 + i, result.shape, -1, 1).map(onGrid(2 ** -8)),
              result.shape,
            ),
          ),
        ),
      )
      .reduce<tf.Scalar>((sum, term) => tf.add(sum, term), tf.scalar(0));
  return ({ inputs }) => {
    const given = specs.map((_, i) => inputs[`x${i}`] as tf.Tensor);
    const values = seen(...given);
    const outputs = Object.fromEntries(values.map((v, i) => [`value${i}`, v]));
    if (!gradient) return { outputs };
    const places = specs.flatMap(({ dtype }, i) =>
      dtype === 'float32' ? [i] : [],
    );
    const gradients = tf.grads((...changed: tf.Tensor[]) =>
      weighted(
        seen(...given.map((tensor, i) => changed[places.indexOf(i)] ?? tensor)),
      ),
    )(places.map((place) => given[place] as tf.Tensor));
    return {
      outputs: {
        ...outputs,
        ...Object.fromEntries(
          gradients.map((g, i) => [`gradient${places[i] ?? i}`, g]),
        ),
      },
    };
  };
}

function noise(
  seed: number,
  shape: readonly number[],
  low: number,
  high: number,
): Float32Array {
  const random = new RandomStream(seed, 'conformance');
  return Float32Array.from({ length: sizeOf(shape) }, () =>
    random.uniform(low, high),
  );
}

/**
 * The middle of a number's interval: few enough binary places that sums of a few products are exact, in whatever order an
 * engine adds them, so that one which nearly cancels is no matter of chance. It is never 0, nor halfway between integers.
 */
function onGrid(width: number): (value: number) => number {
  return (value) => (Math.floor(value / width) + 0.5) * width;
}

/** An input's elements, stored so that transposing by `order` gives its shape. */
function drawn(
  { shape, dtype, low, high, step }: Input,
  order: readonly number[],
  seed: number,
): NdArray {
  const stored = new Array<number>(shape.length);
  order.forEach((axis, i) => (stored[axis] = shape[i] ?? 1));
  const values = noise(seed, stored, low, high).map((value) => {
    if (dtype !== 'float32') return Math.min(Math.floor(value), high - 1);
    // Adding 0 takes the sign off −0.
    return step === undefined
      ? onGrid(2 ** -10)(value)
      : Math.round(value / step) * step + 0;
  });
  return new NdArray(dtype, stored, typedArrayOf[dtype].from(values));
}

/** Integers agree exactly; floats to 1e-4, and sums that nearly cancel to the rounding of their terms. */
function expectClose(
  name: string,
  found: NdArray | undefined,
  want: NdArray,
): void {
  expect(found?.dtype, name).toBe(want.dtype);
  expect(found?.shape, name).toEqual(want.shape);
  const expected = want.data as Float32Array;
  const given = (found as NdArray).data as Float32Array;
  const sizes = [...expected].map(Math.abs).filter(Number.isFinite);
  const rounding = 2e-6 * Math.max(...sizes, 1e-3);
  expected.forEach((value, i) => {
    const other = given[i] ?? NaN;
    if (Object.is(value, other) || value === other) return;
    const tolerance =
      want.dtype === 'float32' ? 1e-4 * Math.abs(value) + rounding : 0;
    if (!(Math.abs(other - value) <= tolerance)) {
      expect.fail(`${name}[${i}] is ${other}, tfjs-cpu gives ${value}`);
    }
  });
}
