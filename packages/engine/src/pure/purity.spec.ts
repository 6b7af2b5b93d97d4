import { float32, type NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { TraceError } from '../errors.js';
import { onnxEngine } from '../onnx/onnx-engine.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

function run(fn: (x: tf.Tensor) => tf.Tensor): Promise<{ y: NdArray }> {
  const compiled = engine.compile(
    ({ inputs }: { inputs: { x: tf.Tensor } }) => ({
      outputs: { y: fn(inputs.x) },
    }),
    { name: 'probe' },
  );
  return compiled.run(engine.state({}), { x: float32([4], [1, 2, 3, 4]) });
}

describe('a function that depends on chance or time is refused', () => {
  it.each<[string, (x: tf.Tensor) => tf.Tensor, string]>([
    [
      'tf.randomNormal',
      (x) => tf.add(x, tf.randomNormal([4])),
      'tf.randomNormal',
    ],
    [
      'tf.randomUniform',
      (x) => tf.add(x, tf.randomUniform([4])),
      'tf.randomUniform',
    ],
    [
      'tf.truncatedNormal',
      (x) => tf.add(x, tf.truncatedNormal([4])),
      'tf.truncatedNormal',
    ],
    [
      'tf.randomGamma',
      (x) => tf.add(x, tf.randomGamma([4], 1)),
      'tf.randomGamma',
    ],
    ['tf.dropout', (x) => tf.dropout(x, 0.5), 'tf.dropout'],
    [
      'tf.multinomial',
      (x) => tf.multinomial(x as tf.Tensor1D, 2),
      'tf.multinomial',
    ],
    ['Math.random', (x) => tf.mul(x, Math.random()), 'Math.random()'],
    ['Date.now', (x) => tf.mul(x, Date.now()), 'Date.now()'],
    [
      'performance.now',
      (x) => tf.mul(x, performance.now()),
      'performance.now()',
    ],
  ])('%s', async (_, fn, cause) => {
    const refused = run(fn);
    await expect(refused).rejects.toThrow(TraceError);
    await expect(refused).rejects.toThrow(`probe depends on ${cause}`);
    await expect(refused).rejects.toThrow(/at \S*purity\.spec\.ts:\d+:\d+/);
  });

  it('and chance is there again afterwards', async () => {
    await expect(run((x) => tf.dropout(x, 0.5))).rejects.toThrow(TraceError);
    expect(Math.random()).not.toBe(Math.random());
    expect(Date.now()).toBeGreaterThan(0);
    expect(performance.now()).toBeGreaterThan(0);
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
  });
});

it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
  ['dataSync', (x) => tf.mul(x, x.dataSync()[0] ?? 0)],
  ['arraySync', (x) => tf.tensor(tf.neg(x).arraySync())],
  ['a branch', (x) => (tf.sum(x).dataSync()[0] === 0 ? x : tf.neg(x))],
])('reading a value is refused, with its line: %s', async (_, fn) => {
  const refused = run(fn);
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /reads the value of a tensor .* at \S*purity\.spec\.ts:\d+:\d+ that is known only/,
  );
});

it('an unsupported kernel is named with its operation and the line that called it', async () => {
  const refused = run((x) =>
    tf.localResponseNormalization(tf.reshape<tf.Rank.R3>(x, [1, 1, 4])),
  );
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /probe uses the tfjs kernel LRN of tf\.localResponseNormalization at \S*purity\.spec\.ts:\d+:\d+, which is not traced/,
  );
});

it('keeps what a caller has put in front of that', async () => {
  const refused = run((x) => {
    try {
      return tf.localResponseNormalization(
        tf.reshape<tf.Rank.R3>(x, [1, 1, 4]),
      );
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`losses[1]: ${message}`, { cause });
    }
  });
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /^losses\[1\]: probe uses the tfjs kernel LRN of tf\.localResponseNormalization at \S*purity\.spec\.ts:\d+:\d+, which is not traced/,
  );
});

it('so it is inside tf.grad', async () => {
  const refused = run((x) =>
    tf.grad((input: tf.Tensor) =>
      tf.sum(
        tf.maxPool3d(tf.reshape<tf.Rank.R5>(input, [1, 1, 2, 2, 1]), 1, 1, 0),
      ),
    )(x),
  );
  await expect(refused).rejects.toThrow(/kernel MaxPool3D of tf\.maxPool3d at/);
});
