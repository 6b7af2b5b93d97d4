import { elementsOf, float32, int32 } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { EngineUnavailableError } from '../../errors.js';
import { availableDevices, onnxDevices } from './devices.js';
import { onnxEngine } from './onnx-engine.js';

const reports = availableDevices();

describe('the devices of ONNX Runtime', () => {
  it('are all reported on, and the CPU is there', () => {
    expect(reports.map(({ device }) => device)).toEqual(onnxDevices);
    expect(reports[0]).toEqual({ device: 'cpu', available: true });
  });

  it.each(reports.filter((report) => !report.available))(
    '$device is refused, and the error says why ($reason)',
    ({ device, reason }) => {
      expect(reason).toMatch(/\w{3}/);
      expect(reason).not.toMatch(/onnxruntime_src|\n/);
      const make = () => onnxEngine({ device });
      expect(make).toThrow(EngineUnavailableError);
      expect(make).toThrow(reason);
      expect(make).toThrow('available: cpu');
    },
  );

  it.each(reports.filter(({ available }) => available))(
    '$device takes steps and keeps the state',
    async ({ device }) => {
      const engine = onnxEngine({ device, threads: 1 });
      expect(engine.device).toMatch(device);
      type Count = { w: tf.Tensor; steps: tf.Tensor };
      const step = engine.compile(
        ({
          state,
          inputs: { x },
        }: {
          state: Count;
          inputs: { x: tf.Tensor };
        }) => {
          const loss = (w: tf.Tensor): tf.Scalar =>
            tf.mean(tf.square(tf.sub(tf.matMul(x, w), 1)));
          const { value, grad } = tf.valueAndGrad(loss)(state.w);
          return {
            outputs: { loss: value },
            state: {
              w: tf.sub(state.w, tf.mul(grad, 0.1)),
              steps: tf.add(state.steps, tf.scalar(1, 'int32')),
            },
          };
        },
      );
      const state = engine.state<Count>({
        w: float32([2, 1], [0, 0]),
        steps: int32([], [0]),
      });
      const x = float32([2, 2], [1, 0, 0, 2]);
      let loss = Infinity;
      for (let i = 0; i < 200; i++) {
        const found = await step.run(state, { x });
        loss = elementsOf(found.loss, 'float32', 'found.loss')[0] ?? NaN;
      }
      // Each row converges by itself: x·w = 1 for w = (1, 1/2), by factors 0.9 and 0.6 a step.
      expect(loss).toBeLessThan(1e-9);
      const { w, steps } = await state.read();
      expect(w.data[0]).toBeCloseTo(1, 4);
      expect(w.data[1]).toBeCloseTo(0.5, 4);
      expect(steps.data[0]).toBe(200);
      await engine.dispose();
    },
  );
});
