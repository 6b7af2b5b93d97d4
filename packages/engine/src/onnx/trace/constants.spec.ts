import { float32, int32, NdArray, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { cpuBackend } from '../../cpu-backend.js';
import { cpuEngine } from '../../cpu-engine.js';
import { Graph } from '../graph/graph.js';
import { onnxEngine } from '../runtime/onnx-engine.js';

const engine = onnxEngine({ threads: 1 });
const shared = onnxEngine({ threads: 1, frozenWeights: 'shared' });
afterAll(() => Promise.all([engine.dispose(), shared.dispose()]));

const x = float32([4], [1, 2, 3, 4]);

async function run(
  fn: (x: tf.Tensor) => tf.Tensor,
): Promise<{ dtype: string; values: number[] }> {
  const compiled = engine.compile(
    ({ inputs }: { inputs: { x: tf.Tensor } }) => ({
      outputs: { y: fn(inputs.x) },
    }),
    { name: 'probe' },
  );
  const { y } = await compiled.run(engine.state({}), { x });
  return { dtype: y.dtype, values: Array.from(y.data, Number) };
}

const counts = (): tf.Tensor1D => tf.tensor1d([1, 2, 3, 4], 'int32');
const truths = (): tf.Tensor1D =>
  tf.tensor1d([true, false, true, true], 'bool');
const places = (): tf.Tensor1D => tf.tensor1d([3, 2, 1, 0], 'int32');

describe('what is known while tracing keeps its values', () => {
  it.each<[string, (x: tf.Tensor) => tf.Tensor, number[]]>([
    ['integers times floats', (v) => tf.mul(v, counts()), [1, 4, 9, 16]],
    ['truth values times floats', (v) => tf.mul(v, truths()), [1, 0, 3, 4]],
    [
      'integers cast to floats and back',
      (v) => tf.mul(v, tf.cast(tf.cast(counts(), 'float32'), 'int32')),
      [1, 4, 9, 16],
    ],
    ['a range', (v) => tf.mul(v, tf.range(0, 4, 1, 'int32')), [0, 2, 6, 12]],
    [
      'rows of integers',
      (v) => tf.mul(v, tf.gather(counts(), places())),
      [4, 6, 6, 4],
    ],
    [
      'one of two classes',
      (v) =>
        tf.sum(
          tf.mul(v, tf.transpose(tf.oneHot(tf.cast(truths(), 'int32'), 2))),
          1,
        ),
      [2, 8],
    ],
    [
      'the place of the largest',
      (v) =>
        tf.mul(
          v,
          tf.argMax(
            tf.tensor2d([
              [0, 5],
              [7, 1],
              [2, 3],
              [0, 9],
            ]),
            1,
          ),
        ),
      [1, 0, 3, 4],
    ],
    [
      'a comparison',
      (v) => tf.mul(v, tf.cast(tf.greater(counts(), 2), 'float32')),
      [0, 0, 3, 4],
    ],
    [
      'a mean of integers',
      (v) => tf.mul(v, tf.mean(counts())),
      [2.5, 5, 7.5, 10],
    ],
    ['a number of truths', (v) => tf.mul(v, tf.sum(truths())), [3, 6, 9, 12]],
    [
      'a choice of integers',
      (v) => tf.add(v, tf.where(truths(), counts(), tf.zerosLike(counts()))),
      [2, 2, 6, 8],
    ],
    [
      'the same fraction everywhere, as integers',
      (v) => tf.mul(v, tf.fill([4], 1.9, 'int32')),
      [1, 2, 3, 4],
    ],
    [
      'bytes as truth values',
      (v) => tf.mul(v, tf.tensor1d(Uint8Array.of(2, 0, 255, 1), 'bool')),
      [1, 0, 3, 4],
    ],
  ])('%s', async (_, fn, want) => {
    expect(await run(fn)).toEqual({ dtype: 'float32', values: want });
  });

  it('as an output, of its own type', async () => {
    expect(await run(counts)).toEqual({ dtype: 'int32', values: [1, 2, 3, 4] });
    expect(await run(truths)).toEqual({ dtype: 'bool', values: [1, 0, 1, 1] });
  });

  it('when it was made outside, also under another type than its elements have', async () => {
    cpuBackend();
    await tf.setBackend('cpu');
    const outside = counts();
    const floats = tf.cast(outside, 'float32');
    const flags = tf.cast(truths(), 'float32');
    for (const weights of [outside, floats]) {
      expect((await run((v) => tf.mul(v, weights))).values).toEqual([
        1, 4, 9, 16,
      ]);
    }
    expect((await run((v) => tf.mul(v, flags))).values).toEqual([1, 0, 3, 4]);
  });

  it.each([
    ['packed', engine],
    ['shared', shared],
  ])('when it is frozen and large, %s', async (_, own) => {
    const n = 1 << 17;
    const weights = int32(
      [n],
      Int32Array.from({ length: n }, (_item, i) => i % 7),
    );
    const mask = new NdArray(
      'bool',
      [n],
      Uint8Array.from({ length: n }, (_item, i) => i % 2),
    );
    const total = own.compile(
      ({
        inputs,
        frozen,
      }: {
        inputs: { x: tf.Tensor };
        frozen: { weights: tf.Tensor; mask: tf.Tensor };
      }) => ({
        outputs: {
          sum: tf.sum(
            tf.mul(
              inputs.x,
              tf.mul(tf.cast(frozen.weights, 'float32'), frozen.mask),
            ),
          ),
        },
      }),
      { frozen: { weights, mask } },
    );
    const { sum } = await total.run(own.state({}), {
      x: float32([n], new Float32Array(n).fill(1)),
    });
    let want = 0;
    for (let i = 1; i < n; i += 2) want += i % 7;
    expect(sum.data[0]).toBe(want);
  });
});

it.each([
  ['onnx', engine],
  ['cpu', cpuEngine()],
])(
  'bytes as truth values come out as 0 and 1 on the %s engine',
  async (_, own) => {
    const flags = own.compile(() => ({
      outputs: { y: tf.tensor1d(Uint8Array.of(2, 0, 255, 1), 'bool') },
    }));
    const { y } = await flags.run(own.state({}), {});
    expect([...y.data]).toEqual([1, 0, 1, 1]);
  },
);

it('a square of a number by one of another shape has the shape of both', async () => {
  const square = engine.compile(({ inputs }: { inputs: { x: tf.Tensor } }) => ({
    outputs: { y: tf.pow(inputs.x, tf.tensor1d([2])) },
  }));
  const { y } = await square.run(engine.state({}), { x: float32([], [3]) });
  expect([y.shape, y.data[0]]).toEqual([[1], 9]);
});

it('a graph takes no constant whose elements are of another type', () => {
  const graph = new Graph();
  expect(() => graph.constant('float32', [2], Int32Array.of(1, 2))).toThrow(
    ShapeError,
  );
  expect(() => graph.constant('bool', [1], Float32Array.of(1))).toThrow(
    'given Float32Array',
  );
  expect(() => graph.constant('int64', [1], Int32Array.of(1))).toThrow(
    'given Int32Array',
  );
});

it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
  ['known', (v) => tf.gather(v, tf.tensor1d([-1], 'int32'))],
  [
    'computed',
    (v) => tf.gather(v, tf.cast(tf.sub(tf.slice(v, 0, 1), 2), 'int32')),
  ],
  [
    'too large',
    (v) => tf.gather(v, tf.cast(tf.add(tf.slice(v, 0, 1), 9), 'int32')),
  ],
])(
  'an index that is outside is refused with its line, not counted from the end: %s',
  async (_, fn) => {
    await expect(run(fn)).rejects.toThrow(
      /tf\.gather at \S*constants\.spec\.ts:\d+:\d+/,
    );
  },
);
