import '../gradients.js';

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  at,
  elementsOf,
  filled,
  float32,
  RandomStream,
  sizeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { cpuEngine } from '../cpu-engine.js';
import { EngineUnavailableError } from '../errors.js';
import { tensorflowEngine } from './tensorflow-engine.js';

const built = process.env['CLIP_LUNG_TFJS_NODE'];

// Before the other tests: a process that has found TensorFlow keeps it.
describe('the tensorflow engine, absent', () => {
  it('says what it looked for, where, and what to install', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-tensorflow-'));
    try {
      expect(() => tensorflowEngine({ folder })).toThrow(
        EngineUnavailableError,
      );
      expect(() => tensorflowEngine({ folder })).toThrow(
        new RegExp(
          `tfjs-node-gpu in ${folder}: is not installed; @tensorflow/tfjs-node in .*npm install --ignore-scripts=false @tensorflow/tfjs-node".*build-tfjs-node\\.sh`,
        ),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

const title = 'the tensorflow engine, of the folder CLIP_LUNG_TFJS_NODE';
describe.skipIf(built === undefined)(
  built === undefined ? `${title}, which is not set` : title,
  () => {
    it('says what it runs on', () => {
      const engine = tensorflowEngine();
      expect(engine.name).toBe('tensorflow');
      expect(engine.device).toMatch(/^(cpu|cuda), TensorFlow \d+\.\d+/);
    });

    it('refuses the GPU where it computes on the CPU', () => {
      if (tensorflowEngine().device.startsWith('cuda')) return;
      const onGpu = () => tensorflowEngine({ device: 'cuda' });
      expect(onGpu).toThrow(EngineUnavailableError);
      expect(onGpu).toThrow(/cuda here: .*computes on cpu/);
    });

    it('leaves the kernels of tfjs-cpu as they were', async () => {
      tensorflowEngine();
      await tf.setBackend('cpu');
      // The kernel of another copy of tfjs would give zeros in the first row.
      const updated = tf.tensorScatterUpdate(
        tf.tensor2d([1, 2, 3, 4], [2, 2]),
        tf.tensor2d([1], [1, 1], 'int32'),
        tf.tensor2d([5, 6], [1, 2]),
      );
      expect([...updated.dataSync()]).toEqual([1, 2, 5, 6]);
      updated.dispose();
    });

    it('convolves and pools with PyTorch’s padding, gradients included, as tfjs-cpu does', async () => {
      const fn = ({
        inputs: { x, w },
      }: {
        inputs: { x: tf.Tensor; w: tf.Tensor };
      }) => {
        const loss = (images: tf.Tensor, filter: tf.Tensor): tf.Scalar => {
          const seen = tf.conv2d(
            images as tf.Tensor4D,
            filter as tf.Tensor4D,
            2,
            1,
            'NHWC',
            1,
            'floor',
          );
          const pooled = tf.maxPool(seen, 2, 1, 1, 'ceil');
          const mean = tf.avgPool(pooled, 3, 2, 1, 'floor');
          return tf.sum(tf.square(mean));
        };
        const { value, grads } = tf.valueAndGrads(loss)([x, w]);
        const [dx, dw] = grads as [tf.Tensor, tf.Tensor];
        return { outputs: { value, dx, dw } };
      };
      const random = new RandomStream(1, 'padding');
      const drawn = (...shape: number[]) =>
        float32(
          shape,
          Array.from({ length: sizeOf(shape) }, () => random.normal()),
        );
      const inputs = { x: drawn(2, 7, 8, 3), w: drawn(3, 3, 3, 2) };
      const results = await Promise.all(
        [tensorflowEngine(), cpuEngine()].map((engine) =>
          engine.compile(fn).run(engine.state({}), inputs),
        ),
      );
      const [found, wanted] = [at(results, 0), at(results, 1)];
      for (const name of ['value', 'dx', 'dw'] as const) {
        const want = Array.from(wanted[name].data, Number);
        const largest = Math.max(...want.map(Math.abs));
        want.forEach((value, i) => {
          const error = Math.abs(Number(found[name].data[i]) - value);
          // float32 sums of some hundred products, in different orders
          expect(error / largest).toBeLessThan(1e-5);
        });
      }
    });

    it('leaves the backend in use as it was', async () => {
      await tf.setBackend('cpu');
      const engine = tensorflowEngine();
      const used: string[] = [];
      const probe = engine.compile(() => {
        used.push(tf.getBackend());
        return { outputs: { one: tf.scalar(1) } };
      });
      await probe.run(engine.state({}), {});
      expect(used).toEqual(['tensorflow']);
      expect(tf.getBackend()).toBe('cpu');
    });
  },
);

type Net = { w1: tf.Tensor; w2: tf.Tensor };

const step = ({
  state,
  inputs: { x },
  frozen: { rate },
}: {
  state: Net;
  inputs: { x: tf.Tensor };
  frozen: { rate: tf.Tensor };
}) => {
  const loss = (w1: tf.Tensor, w2: tf.Tensor): tf.Scalar =>
    tf.mean(tf.square(tf.matMul(tf.relu(tf.matMul(x, w1)), w2)));
  const { value, grads } = tf.valueAndGrads(loss)([state.w1, state.w2]);
  const [g1, g2] = grads as [tf.Tensor, tf.Tensor];
  return {
    outputs: { loss: value, x },
    state: {
      w1: tf.sub(state.w1, tf.mul(g1, rate)),
      w2: tf.sub(state.w2, tf.mul(g2, rate)),
    },
  };
};

/** What both engines that run operation by operation share, on whichever is there. */
describe.each([
  { name: 'cpu', make: cpuEngine },
  ...(built === undefined
    ? []
    : [{ name: 'tensorflow', make: tensorflowEngine }]),
])('memory of the $name engine', ({ make }) => {
  it('holds as many tensors after 50 steps as after one, and none when disposed', async () => {
    const before = tf.memory().numTensors;
    const engine = make();
    const train = engine.compile(step, { frozen: { rate: filled([], 0.1) } });
    const state = engine.state<Net>({
      w1: filled([3, 4], 0.1),
      w2: filled([4, 1], 0.2),
    });
    const x = filled([2, 3], 1);
    await train.run(state, { x });
    const first = tf.memory().numTensors;
    for (let i = 0; i < 50; i++) await train.run(state, { x });
    expect(tf.memory().numTensors).toBe(first);
    expect(first).toBeGreaterThan(before);
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps nothing of the caller’s: neither inputs nor what a state was made of', async () => {
    const engine = make();
    const keep = engine.compile(
      ({ inputs }: { state: { w: tf.Tensor }; inputs: { x: tf.Tensor } }) => ({
        outputs: {},
        state: { w: inputs.x },
      }),
    );
    const w = float32([2], [1, 2]);
    const state = engine.state<{ w: tf.Tensor }>({ w });
    w.data[0] = 9;
    expect([
      ...elementsOf((await state.read()).w, 'float32', 'the array'),
    ]).toEqual([1, 2]);
    const x = float32([2], [3, 4]);
    await keep.run(state, { x });
    x.data[0] = 9;
    expect([
      ...elementsOf((await state.read()).w, 'float32', 'the array'),
    ]).toEqual([3, 4]);
    await engine.dispose();
  });

  it('refuses the state of another engine', async () => {
    const engine = make();
    const other = { read: () => Promise.reject(new Error()) };
    const fn = engine.compile(() => ({ outputs: {} }));
    await expect(fn.run(other as never, {})).rejects.toThrow(/another engine/);
  });
});
