import { elementsOf, float32, int32, type NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

import { onnxEngine } from '../runtime/onnx-engine.js';

it.each([3, 1000])(
  'sums into %i segments lose nothing when two threads add at once',
  async (segments) => {
    const engine = onnxEngine({ threads: 2 });
    const rows = 1_000_000;
    const step = engine.compile(
      ({ inputs }: { inputs: { x: tf.Tensor; ids: tf.Tensor } }) => ({
        outputs: {
          sums: tf.unsortedSegmentSum(
            inputs.x,
            inputs.ids as tf.Tensor1D,
            segments,
          ),
        },
      }),
    );
    const state = engine.state({});
    // Whole numbers, so that the sums are exact in any order.
    const inputs = {
      x: float32([rows, 1], new Float32Array(rows).fill(1)),
      ids: int32(
        [rows],
        Int32Array.from({ length: rows }, (_, i) => i % 3),
      ),
    };
    for (let run = 0; run < 10; run++) {
      const found: { sums: NdArray } = await step.run(state, inputs);
      const sums = [...elementsOf(found.sums, 'float32', 'found.sums')];
      expect(sums.slice(0, 3)).toEqual([333_334, 333_333, 333_333]);
    }
    await engine.dispose();
  },
);
