import {
  at,
  NdArray,
  RandomStream,
  sizeOf,
  typedArrayOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

import { cpuEngine } from '../../src/cpu-engine.js';
import type { Engine } from '../../src/engine.js';
import { TraceError } from '../../src/errors.js';
import type { Input, Place, Sample } from './case.js';

const cpu = cpuEngine();

/** What a refusal names: the operation, and the line of the program. */
const named = /(kernel \w+ of|in) tf\.[\w.]+ at \S+:\d+:\d+/;

/**
 * Runs a sample, and the gradient of a weighted sum of its float results, on an engine and on tfjs-cpu, which is given every
 * operand as an input. What one refuses the other must refuse, naming the operation and the line; TensorFlow may refuse more.
 *
 * @param orders for every operand, the order in which its axes are stored: the program transposes it back
 * @param places for every operand, where the engine's function finds it
 */
export async function expectSame(
  engine: Engine,
  sample: Sample,
  {
    seed,
    orders,
    places,
    gradient,
  }: {
    readonly seed: number;
    readonly orders: readonly (readonly number[])[];
    readonly places: readonly Place[];
    readonly gradient: boolean;
  },
): Promise<void> {
  const operands = sample.inputs.map((input, i) =>
    drawn(input, at(orders, i), seed + i),
  );
  const compute = stepOf(sample, orders, gradient, seed);
  const want = await results(
    cpu,
    compute,
    operands.map((array) => ({ array, place: 'input' })),
  );
  const found = await results(
    engine,
    compute,
    operands.map((array, i) => ({ array, place: at(places, i) })),
  );
  if (found instanceof TraceError) {
    expect(found.message).toMatch(named);
    if (engine.name !== 'tensorflow') expect(want).toBeInstanceOf(TraceError);
    return;
  }
  if (want instanceof TraceError) expect.fail(want.message);
  expect(Object.keys(found)).toEqual(Object.keys(want));
  for (const [name, array] of Object.entries(want)) {
    expectClose(name, found[name], array);
  }
}

interface Operand {
  readonly array: NdArray;
  readonly place: Place;
}

type Arrays = Readonly<Record<string, NdArray>>;

/** What an engine gives of operands in their places, or how it refuses. */
async function results(
  engine: Engine,
  compute: Step,
  operands: readonly Operand[],
): Promise<Arrays | TraceError> {
  const placed = (place: Place): Arrays =>
    Object.fromEntries(
      operands.flatMap((operand, i) =>
        operand.place === place ? [[`x${i}`, operand.array]] : [],
      ),
    );
  const compiled = engine.compile(
    (given: {
      readonly inputs: Readonly<Record<string, tf.Tensor>>;
      readonly frozen: Readonly<Record<string, tf.Tensor>>;
    }) => ({
      outputs: compute(
        operands.map(
          ({ array }, i) =>
            given.inputs[`x${i}`] ?? given.frozen[`x${i}`] ?? constant(array),
        ),
      ),
    }),
    { name: 'sample', frozen: placed('frozen') },
  );
  try {
    return await compiled.run(engine.state({}), placed('input'));
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  } finally {
    await compiled.release();
  }
}

/** As a program writes a constant: from numbers, with a shape and a type. */
function constant({ data, shape, dtype }: NdArray): tf.Tensor {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new TypeError(`no operand is ${dtype}`);
  }
  return tf.tensor(Array.from(data, Number), [...shape], dtype);
}

type Step = (operands: readonly tf.Tensor[]) => Record<string, tf.Tensor>;

function stepOf(
  { inputs: specs, fn }: Sample,
  orders: readonly (readonly number[])[],
  gradient: boolean,
  seed: number,
): Step {
  const seen = (...tensors: tf.Tensor[]): readonly tf.Tensor[] => {
    const results = fn(
      ...tensors.map((tensor, i) => tf.transpose(tensor, [...at(orders, i)])),
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
  return (given) => {
    const values = seen(...given);
    const outputs = Object.fromEntries(values.map((v, i) => [`value${i}`, v]));
    if (!gradient) return outputs;
    const places = specs.flatMap(({ dtype }, i) =>
      dtype === 'float32' ? [i] : [],
    );
    const gradients = tf.grads((...changed: tf.Tensor[]) =>
      weighted(
        seen(...given.map((tensor, i) => changed[places.indexOf(i)] ?? tensor)),
      ),
    )(places.map((place) => given[place] as tf.Tensor));
    return {
      ...outputs,
      ...Object.fromEntries(
        gradients.map((g, i) => [`gradient${at(places, i)}`, g]),
      ),
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
  order.forEach((axis, i) => (stored[axis] = at(shape, i)));
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
  const expected = Array.from(want.data, Number);
  const given = Array.from(found?.data ?? [], Number);
  const sizes = expected.map(Math.abs).filter(Number.isFinite);
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
