import {
  at,
  elementsOf,
  float32,
  type NdArray,
  RandomStream,
  sizeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { onnxEngine } from '../runtime/onnx-engine.js';

const engine = onnxEngine({ threads: 2 });
afterAll(() => engine.dispose());

interface Case {
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  /** how the array lies in memory: `tf.transpose` gives it its axes' order */
  readonly order?: readonly number[];
}

/** Both sides of every rule of `sumInFront`: large arrays, axes in front as stored or not, one of them or several. */
const cases: readonly Case[] = [
  { shape: [40, 128], axes: [0] },
  { shape: [4096, 1], axes: [0] },
  { shape: [2, 3, 1000], axes: [0] },
  { shape: [9, 7, 5, 16], axes: [0, 1, 2] },
  { shape: [9, 7, 5, 16], axes: [0, 1] },
  { shape: [9, 7, 5, 16], axes: [1, 2] },
  { shape: [9, 7, 5, 16], axes: [0, 2] },
  { shape: [9, 7, 5, 16], axes: [3] },
  { shape: [9, 7, 5, 16], axes: [0, 1, 2, 3] },
  { shape: [9, 7, 5, 16], axes: [0, 1, 2], order: [2, 0, 1, 3] },
  { shape: [9, 7, 5, 16], axes: [1, 3], order: [1, 3, 0, 2] },
  { shape: [9, 7, 5, 16], axes: [3, 1], order: [3, 2, 1, 0] },
];

function noise(shape: readonly number[]): NdArray<'float32'> {
  const random = new RandomStream(1, 'reduction');
  // On a grid on which every sum is exact, in whatever order it is added up.
  const values = Array.from(
    { length: sizeOf(shape) },
    () => Math.round(random.uniform(-1, 3) * 64) / 64,
  );
  return float32(shape, values);
}

/** Sums in double precision, in the order of the axes that stay. */
function sums(
  { shape, data }: NdArray<'float32'>,
  order: readonly number[],
  axes: readonly number[],
): number[] {
  const seen = order.map((axis) => at(shape, axis));
  const kept = seen.map((_, axis) => axis).filter((a) => !axes.includes(a));
  const result = new Array<number>(sizeOf(kept.map((a) => at(seen, a))));
  result.fill(0);
  data.forEach((value, place) => {
    // Row-major indices of the array as it lies in memory.
    let rest = place;
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % at(shape, axis);
      rest = Math.floor(rest / at(shape, axis));
    }
    const to = kept.reduce(
      (before, a) => before * at(seen, a) + at(index, at(order, a)),
      0,
    );
    result[to] = at<number>(result, to) + value;
  });
  return result;
}

describe('sums and means', () => {
  it.each(cases)('of %o', async ({ shape, axes, order }) => {
    const inOrder = order ?? shape.map((_, axis) => axis);
    const x = noise(shape);
    const expected = sums(x, inOrder, axes);
    const count = x.data.length / expected.length;
    const compiled = engine.compile(
      ({ inputs }: { readonly inputs: { readonly x: tf.Tensor } }) => {
        const seen = tf.transpose(inputs.x, [...inOrder]);
        const all = [...axes];
        const slope = tf.grad((y: tf.Tensor) =>
          tf.sum(tf.square(tf.mean(y, all))),
        )(seen);
        return {
          outputs: {
            sum: tf.sum(seen, all),
            mean: tf.mean(seen, all),
            kept: tf.sum(seen, all, true),
            slope,
          },
        };
      },
    );
    const { sum, mean, kept, slope } = await compiled.run(engine.state({}), {
      x,
    });
    await compiled.release();
    const values = (array: NdArray): readonly number[] => [
      ...elementsOf(array, 'float32', 'array'),
    ];
    expect(values(sum)).toEqual(expected);
    values(mean).forEach((found, i) => {
      expect(found).toBeCloseTo((expected[i] ?? NaN) / count, 5);
    });
    expect(mean.data).toHaveLength(expected.length);
    expect(kept.data).toEqual(sum.data);
    const seen = inOrder.map((axis) => at(shape, axis));
    expect(kept.shape).toEqual(
      seen.map((length, axis) => (axes.includes(axis) ? 1 : length)),
    );
    // Σ mean², in each element of a mean: 2 · mean / count.
    const total = expected.reduce((all, value) => all + value, 0);
    const slopes = values(slope).reduce((all, value) => all + value, 0);
    expect(slopes).toBeCloseTo((2 * total) / count, 2);
  });
});
