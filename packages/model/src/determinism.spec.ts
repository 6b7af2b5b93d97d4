import { onnxEngine } from '@clip-lung/engine';
import {
  elementsOf,
  float32,
  leaves,
  type NdArray,
  RandomStream,
  scalar,
} from '@clip-lung/tensor';
import { randomTower } from '@clip-lung/text-encoder';
import { describe, expect, it } from 'vitest';

import { createOptimizer } from './create-optimizer.js';
import { createModel } from './model.js';
import { resolveExperiment } from './resolve-experiment.js';
import {
  initialState,
  trainingStep,
  type TrainingState,
} from './training-step.js';

const batch = 8;
const experiment = resolveExperiment({
  image: { use: 'resnet18', width: 4, groups: 4 },
  text: { use: 'random' },
  prompt: {
    use: 'channel-conditional',
    attributeTemplate: 'the nodule has a {attribute}.',
  },
  training: { learningRate: 0.05 },
});
const tower = randomTower({ seed: 3, width: 16, layers: 1 });

/** Everything that some steps change, by name. */
async function train(
  steps: number,
  threads: number,
): Promise<Map<string, Float32Array>> {
  const engine = onnxEngine({ threads });
  const model = createModel(experiment, { classes: ['a', 'b', 'c'], tower });
  const optimizer = createOptimizer(experiment);
  const state = engine.state<TrainingState>(
    initialState(model, optimizer, new RandomStream(1, 'init')),
  );
  const step = engine.compile(trainingStep(model, optimizer), {
    frozen: model.frozen,
  });
  for (let i = 0; i < steps; i++) {
    const random = new RandomStream(1, 'batch', String(i));
    await step.run(state, {
      images: float32(
        [batch, 32, 32, 32],
        Float32Array.from({ length: batch * 32 ** 3 }, () => random.uniform()),
      ),
      targets: float32(
        [batch, 3],
        Array.from({ length: batch }, () => random.integer(3)).flatMap(
          (label) => [0, 1, 2].map((k) => Number(k === label)),
        ),
      ),
      attributeWeights: float32(
        [batch, 8],
        Array<number>(8 * batch).fill(1 / 8),
      ),
      classCounts: float32([3], [3, 3, 2]),
      learningRate: scalar(0.05),
      averageDecay: scalar(0.9),
    });
  }
  const found = leaves<NdArray>(await state.read());
  await engine.dispose();
  return new Map(
    found.map(([path, array]) => [path, elementsOf(array, 'float32', path)]),
  );
}

describe('training', () => {
  it('gives the same bits again, after fifty steps', async () => {
    const [first, again] = [await train(50, 1), await train(50, 1)];
    const differing = [...first].flatMap(([path, values]) =>
      Buffer.from(values.buffer).equals(
        Buffer.from(again.get(path)?.buffer ?? new ArrayBuffer(0)),
      )
        ? []
        : [path],
    );
    expect(differing).toEqual([]);
  }, 120_000);

  it('differs by rounding alone with another number of threads, which sum in another order', async () => {
    const [one, two] = [await train(1, 1), await train(1, 2)];
    for (const [path, values] of one) {
      const other = two.get(path) ?? new Float32Array();
      const largest = values.reduce(
        (most, x) => Math.max(most, Math.abs(x)),
        1e-6,
      );
      const error = values.reduce(
        (most, x, i) => Math.max(most, Math.abs(x - (other[i] ?? NaN))),
        0,
      );
      expect(error / largest, path).toBeLessThan(1e-4);
    }
  }, 120_000);
});
