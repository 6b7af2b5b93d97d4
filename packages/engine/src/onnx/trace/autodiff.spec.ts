import { elementsOf, float32, type NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { onnxEngine } from '../runtime/onnx-engine.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** Runs a function of x = (1, 2, 3) and w = (2, 0, −1). */
async function run(
  fn: (x: tf.Tensor, w: tf.Tensor) => Record<string, tf.Tensor>,
): Promise<Record<string, number[]>> {
  const compiled = engine.compile(
    ({ inputs }: { inputs: { x: tf.Tensor; w: tf.Tensor } }) => ({
      outputs: fn(inputs.x, inputs.w),
    }),
  );
  const found: Record<string, NdArray> = await compiled.run(engine.state({}), {
    x: float32([3], [1, 2, 3]),
    w: float32([3], [2, 0, -1]),
  });
  return Object.fromEntries(
    Object.entries(found).map(([name, array]) => [
      name,
      [...elementsOf(array, 'float32', name)],
    ]),
  );
}

const weighted = (x: tf.Tensor, w: tf.Tensor): tf.Scalar =>
  tf.sum(tf.mul(tf.square(x), w));

describe('gradients of tfjs while tracing', () => {
  it('tf.grads: of every argument', async () => {
    const found = await run((x, w) => {
      const [dx, dw] = tf.grads(weighted)([x, w]) as [tf.Tensor, tf.Tensor];
      return { dx, dw };
    });
    expect(found).toEqual({ dx: [4, 0, -6], dw: [1, 4, 9] });
  });

  it('tf.valueAndGrads, and a gradient of a gradient', async () => {
    const found = await run((x) => {
      const cube = (y: tf.Tensor): tf.Tensor => tf.mul(y, tf.square(y));
      const { value, grads } = tf.valueAndGrads((y: tf.Tensor) =>
        tf.sum<tf.Scalar>(cube(y)),
      )([x]);
      const second = tf.grad((y: tf.Tensor) => tf.grad(cube)(y))(x);
      return { value, first: grads[0] as tf.Tensor, second };
    });
    expect(found).toEqual({
      value: [36],
      first: [3, 12, 27],
      second: [6, 12, 18],
    });
  });

  it('tf.variableGrads: of variables that are made of traced tensors', async () => {
    const found = await run((x, w) => {
      const variable = tf.variable(w as tf.Tensor1D, true, 'probe-weights');
      const { value, grads } = tf.variableGrads(() => weighted(x, variable));
      variable.dispose();
      return { value, dw: grads['probe-weights'] as tf.Tensor };
    });
    expect(found).toEqual({ value: [2 + 0 - 9], dw: [1, 4, 9] });
  });

  it('tf.variableGrads: a variable from outside is a constant, and stays as it is', async () => {
    const outside = tf.variable(tf.tensor1d([1, 10, 100]), true, 'outside');
    const found = await run((x) => {
      const { grads } = tf.variableGrads(() => weighted(x, outside), [outside]);
      return { product: tf.mul(x, outside), dw: grads.outside as tf.Tensor };
    });
    expect(found).toEqual({ product: [1, 20, 300], dw: [1, 4, 9] });
    expect([...outside.dataSync()]).toEqual([1, 10, 100]);
    outside.dispose();
  });

  it('tf.customGrad: with saved tensors', async () => {
    const found = await run((x, w) => {
      const clipped = tf.customGrad((y, save) => {
        (save as tf.GradSaveFunc)([y as tf.Tensor]);
        return {
          value: tf.square(y as tf.Tensor),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
            tf.mul(dy, tf.minimum(saved[0] as tf.Tensor, 2)),
        };
      });
      return {
        dx: tf.grad((y: tf.Tensor) => tf.sum(tf.mul(clipped(y), w)))(x),
      };
    });
    expect(found).toEqual({ dx: [2, 0, -2] });
  });

  it('a straight-through estimator', async () => {
    const found = await run((x) => {
      const through = tf.customGrad((y) => ({
        value: tf.step(tf.sub(y as tf.Tensor, 1.5)),
        gradFunc: (dy: tf.Tensor) => dy,
      }));
      return {
        y: through(x),
        dx: tf.grad((y: tf.Tensor) => tf.sum(tf.mul(through(y), 3)))(x),
      };
    });
    expect(found).toEqual({ y: [0, 1, 1], dx: [3, 3, 3] });
  });
});

describe("tfjs's memory while tracing", () => {
  it('tf.tidy gives back what it returns, and dispose forgets', async () => {
    const found = await run((x, w) => {
      const doubled = tf.tidy(() => {
        const middle = tf.mul(x, 2);
        return tf.add(middle, w);
      });
      const kept = tf.tidy(() => tf.keep(tf.neg(x)));
      const gone = tf.exp(x);
      gone.dispose();
      expect(gone.isDisposed).toBe(true);
      // A tensor that shares its value with another outlives it.
      const view = tf.reshape(doubled, [3, 1]);
      doubled.dispose();
      return { y: tf.reshape(view, [3]), kept };
    });
    expect(found).toEqual({ y: [4, 4, 5], kept: [-1, -2, -3] });
  });

  it('a tensor from outside is a constant', async () => {
    const outside = tf.tensor1d([1, 10, 100]);
    const found = await run((x) => ({ y: tf.mul(x, outside) }));
    expect(found).toEqual({ y: [1, 20, 300] });
    expect([...outside.dataSync()]).toEqual([1, 10, 100]);
    outside.dispose();
  });

  it('using a tensor that was disposed is an error', async () => {
    await expect(
      run((x) => {
        const gone = tf.exp(x);
        gone.dispose();
        return { y: tf.neg(gone) };
      }),
    ).rejects.toThrow(/disposed/);
  });

  it('leaves no tensors behind', async () => {
    const trace = (): Promise<unknown> =>
      run((x, w) => ({
        dx: tf.grad((y: tf.Tensor) => weighted(y, w))(x),
      }));
    await trace();
    const before = tf.memory().numTensors;
    await trace();
    expect(tf.memory().numTensors).toBe(before);
  });
});
