import { float32 } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { onnxEngine } from '../runtime/onnx-engine.js';

describe('an axis that is not there', () => {
  const engine = onnxEngine({ threads: 1 });

  it.each([
    ['tf.argMax', (x: tf.Tensor) => tf.argMax(x, 3)],
    ['tf.argMin', (x: tf.Tensor) => tf.argMin(x, -3)],
    ['tf.argMax of a scalar', (x: tf.Tensor) => tf.argMax(tf.sum(x), 0)],
    ['tf.cumsum', (x: tf.Tensor) => tf.cumsum(x, 2)],
    ['tf.cumprod', (x: tf.Tensor) => tf.cumprod(x, 3)],
    ['tf.gather', (x: tf.Tensor) => tf.gather(x, [0], 2)],
    ['tf.split', (x: tf.Tensor) => tf.split(x, 1, 2)[0] as tf.Tensor],
    ['tf.sum', (x: tf.Tensor) => tf.sum(x, 2)],
    ['tf.reverse', (x: tf.Tensor) => tf.reverse(x, 2)],
  ] as const)('is refused by %s', async (_, fn) => {
    const compiled = engine.compile(
      ({ inputs }: { readonly inputs: { readonly x: tf.Tensor } }) => ({
        outputs: { y: fn(inputs.x) },
      }),
    );
    await expect(
      compiled.run(engine.state({}), {
        x: float32([2, 2], [1, 2, 3, 4]),
      }),
    ).rejects.toThrow(/axis|axes|rank|dim/i);
  });
});
