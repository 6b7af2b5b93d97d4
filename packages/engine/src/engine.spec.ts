import {
  elementsOf,
  float32,
  type NdArray,
  ShapeError,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { everyEngine } from '../test/engines.js';
import { TraceError } from './errors.js';

const engines = everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const floatsOf = (array: NdArray): Float32Array =>
  elementsOf(array, 'float32', 'the array');

type Linear = { w: tf.Tensor; count: tf.Tensor };

/** One step of least squares, and how often it was taken. */
const leastSquares = ({
  state,
  inputs,
  frozen,
}: {
  state: Linear;
  inputs: { x: tf.Tensor; y: tf.Tensor };
  frozen: { rate: tf.Tensor };
}) => {
  const loss = (w: tf.Tensor): tf.Scalar =>
    tf.mean(tf.square(tf.sub(tf.matMul(inputs.x, w), inputs.y)));
  const { value, grad } = tf.valueAndGrad(loss)(state.w);
  return {
    outputs: { loss: value },
    state: {
      w: tf.sub(state.w, tf.mul(grad, frozen.rate)),
      count: tf.add(state.count, 1),
    },
  };
};

const inputs = {
  x: float32([3, 2], [1, 0, 0, 1, 1, 1]),
  y: float32([3, 1], [2, -1, 1]),
};
const start = { w: float32([2, 1], [0, 0]), count: float32([], [0]) };
const frozen = { rate: float32([], [0.5]) };

describe.each(engines)('the $name engine', (engine) => {
  it('keeps its state between steps, and leaves what it was given alone', async () => {
    const step = engine.compile(leastSquares, { frozen });
    const state = engine.state<Linear>(start);
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const { loss } = await step.run(state, inputs);
      losses.push(loss.data[0] as number);
    }
    const { w, count } = await state.read();
    expect(losses[0]).toBeCloseTo(2, 6);
    expect([...floatsOf(w)].map((x) => Math.round(x * 1e4) / 1e4)).toEqual([
      2, -1,
    ]);
    expect(count.data[0]).toBe(60);
    expect([...start.w.data]).toEqual([0, 0]);
  });

  it('gives outputs that later steps do not change', async () => {
    const step = engine.compile(leastSquares, { frozen });
    const state = engine.state<Linear>(start);
    const first = await step.run(state, inputs);
    const before = first.loss.data[0];
    await step.run(state, inputs);
    expect(first.loss.data[0]).toBe(before);
  });

  it('shares a state between functions, and takes a new one whole', async () => {
    const step = engine.compile(leastSquares, { frozen });
    const predict = engine.compile(
      ({
        state,
        inputs: given,
      }: {
        state: Linear;
        inputs: { x: tf.Tensor };
      }) => ({
        outputs: { y: tf.matMul(given.x, state.w) },
      }),
    );
    const state = engine.state<Linear>(start);
    await step.run(state, inputs);
    const before = await predict.run(state, { x: inputs.x });
    await state.write(start);
    const after = await predict.run(state, { x: inputs.x });
    expect([...floatsOf(before.y)].some((y) => y !== 0)).toBe(true);
    expect([...floatsOf(after.y)]).toEqual([0, 0, 0]);
  });

  it('runs other input shapes with the same function, more than it keeps ready', async () => {
    const double = engine.compile(
      ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
        outputs: { y: tf.mul(x, 2) },
      }),
    );
    for (const length of [1, 2, 3, 4, 1, 2]) {
      const x = float32([length], Array<number>(length).fill(length));
      const { y } = await double.run(engine.state({}), { x });
      expect([...floatsOf(y)]).toEqual(Array<number>(length).fill(2 * length));
    }
  });

  it('gives inputs and constants back as outputs', async () => {
    const same = engine.compile(
      ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
        outputs: { x, again: x, two: tf.scalar(2), zeros: tf.zeros([10, 10]) },
      }),
    );
    const found = await same.run(engine.state({}), { x: float32([2], [3, 4]) });
    expect([...floatsOf(found.x)]).toEqual([3, 4]);
    expect([...floatsOf(found.again)]).toEqual([3, 4]);
    expect(found.two.data[0]).toBe(2);
    expect(found.zeros.shape).toEqual([10, 10]);
    expect(floatsOf(found.zeros).every((x) => x === 0)).toBe(true);
  });

  it('refuses a state that the function does not fit, and changes nothing', async () => {
    const wrong = engine.compile(({ state }: { state: Linear }) => ({
      outputs: {},
      state: { w: tf.transpose(state.w), count: state.count },
    }));
    const missing = engine.compile(({ state }: { state: Linear }) => ({
      outputs: {},
      state: { v: state.w },
    }));
    const state = engine.state<Linear>(start);
    await expect(wrong.run(state, {})).rejects.toThrow(ShapeError);
    await expect(missing.run(state, {})).rejects.toThrow(/"v"/);
    expect([...floatsOf((await state.read()).w)]).toEqual([0, 0]);
    await expect(
      state.write({ w: float32([1], [1]), count: start.count }),
    ).rejects.toThrow(/"w" is float32 \[2, 1\], given float32 \[1\]/);
  });

  it('prepares a call without changing anything, and finds what is wrong with it', async () => {
    const step = engine.compile(leastSquares, { frozen });
    const state = engine.state<Linear>(start);
    await step.prepare(state, inputs);
    expect((await state.read()).count.data[0]).toBe(0);
    await step.run(state, inputs);
    expect((await state.read()).count.data[0]).toBe(1);
    const narrow = { x: float32([3, 1], [1, 2, 3]), y: inputs.y };
    await expect(step.prepare(state, narrow)).rejects.toThrow(
      /leastSquares, in tf\.matMul at \S*engine\.spec\.ts:\d+:\d+: .*\b2,? ?1\b/s,
    );
  });

  it('stops before a call that was aborted', async () => {
    const step = engine.compile(leastSquares, { frozen });
    const state = engine.state<Linear>(start);
    await expect(
      step.run(state, inputs, {
        signal: AbortSignal.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough');
    expect((await state.read()).count.data[0]).toBe(0);
  });
});

describe('the onnx engine', () => {
  const [, onnx] = engines;
  const run = (fn: (x: tf.Tensor) => tf.Tensor): Promise<unknown> | undefined =>
    onnx
      ?.compile(
        ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
          outputs: { y: fn(x) },
        }),
        { name: 'probe' },
      )
      .run(onnx.state({}), { x: float32([2], [1, 2]) });

  it('refuses a function that reads a value', async () => {
    await expect(run((x) => tf.scalar(x.dataSync()[0] ?? 0))).rejects.toThrow(
      TraceError,
    );
  });

  const normalised = (x: tf.Tensor): tf.Tensor =>
    tf.localResponseNormalization(tf.reshape<tf.Rank.R3>(x, [1, 1, 2]));

  it('names a kernel that it does not have', async () => {
    await expect(run(normalised)).rejects.toThrow(
      /probe uses the tfjs kernel LRN/,
    );
  });

  it('lets the event loop turn between two calls, so that timers and signals are heard', async () => {
    if (onnx === undefined) throw new TypeError('there is no onnx engine');
    const product = onnx.compile(
      ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
        outputs: { y: tf.sum(tf.matMul(x, x)) },
      }),
    );
    const x = float32([256, 256], new Float32Array(256 * 256));
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort(new Error('stopped by a timer'));
    }, 20);
    const calls = async (): Promise<never> => {
      for (;;) {
        await product.run(onnx.state({}), { x }, { signal: stop.signal });
      }
    };
    await expect(calls()).rejects.toThrow('stopped by a timer');
  });

  it('goes on working after a function that could not be traced', async () => {
    await run(normalised)?.catch(() => undefined);
    const found = (await run((x) => tf.add(x, 1))) as { y: NdArray };
    expect([...floatsOf(found.y)]).toEqual([2, 3]);
  });
});
