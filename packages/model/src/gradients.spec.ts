import {
  type Arguments,
  cpuEngine,
  onnxEngine,
  type Results,
} from '@clip-lung/engine';
import {
  float32,
  leaves,
  type NdArray,
  RandomStream,
  sizeOf,
  type Tree,
} from '@clip-lung/tensor';
import { randomTower } from '@clip-lung/text-encoder';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { type Batch, createModel } from './model.js';
import { resolveExperiment } from './resolve-experiment.js';
import { lossAndGradients, type TrainingState } from './training-step.js';

const engines = [cpuEngine(), onnxEngine({ threads: 2 })] as const;
afterAll(() => engines[1].dispose());

const batch = 4;
const random = new RandomStream(5, 'batch');
const numbers = (shape: readonly number[]): NdArray<'float32'> =>
  float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.uniform()),
  );
const weights = numbers([batch, 8]);
for (let row = 0; row < batch; row++) {
  const own = weights.data.subarray(8 * row, 8 * row + 8);
  const sum = own.reduce((total, value) => total + value, 0);
  own.forEach((value, i) => (own[i] = value / sum));
}
const inputs = {
  images: numbers([batch, 32, 32, 32]),
  targets: float32([batch, 3], [1, 0, 0, 0, 0, 1, 0, 0.75, 0.25, 0, 0, 1]),
  attributeWeights: weights,
  classCounts: float32([3], [9, 3, 6]),
};

type State = Pick<TrainingState, 'params' | 'statistics'>;
type Inputs = { readonly [Name in keyof Batch]: tf.Tensor };

/** The whole loss and all gradients of a tiny model, on both engines. */
async function onBoth(
  prompt: string,
): Promise<{ name: string; cpu: Float32Array; onnx: Float32Array }[]> {
  const tower = randomTower({
    seed: 3,
    width: 16,
    heads: 2,
    layers: 2,
    embedding: 64,
  });
  const experiment = resolveExperiment({
    image: { use: 'resnet18', width: 4, groups: 4 },
    text: { use: 'random' },
    prompt: { use: prompt, attributeTemplate: 'the nodule has a {attribute}.' },
  });
  const model = createModel(experiment, {
    classes: ['benign', 'unsure', 'malignant'],
    tower,
  });
  const start = model.init(new RandomStream(1, 'init'));
  const found: Map<string, NdArray>[] = [];
  for (const engine of engines) {
    const gradients = engine.compile(
      ({
        state,
        inputs: batchTensors,
        frozen,
      }: Arguments<State, Inputs, Tree<tf.Tensor>>): Results<
        Tree<tf.Tensor>
      > => {
        const { result, gradients: slopes } = lossAndGradients(
          model,
          state,
          batchTensors,
          frozen,
        );
        const { total, terms, statistics } = result;
        return { outputs: { total, terms, statistics, slopes } };
      },
      { frozen: model.frozen },
    );
    const outputs = await gradients.run(engine.state<State>(start), inputs);
    found.push(new Map(leaves<NdArray>(outputs)));
  }
  const [cpu, onnx] = found;
  return [...(cpu ?? [])].map(([name, array]) => ({
    name,
    cpu: array.data as Float32Array,
    onnx: onnx?.get(name)?.data as Float32Array,
  }));
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array): number =>
    Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return (
    norm(found.map((x, i) => x - (expected[i] ?? NaN))) /
    Math.max(norm(expected), 1e-12)
  );
}

describe.each(['channel-conditional', 'cocoop', 'coop', 'fixed'])(
  'the whole loss with %s prompts, traced against plain tfjs',
  (prompt) => {
    it('has the same value, terms and gradient for every parameter', async () => {
      const found = await onBoth(prompt);
      for (const { name, cpu, onnx } of found) {
        expect(onnx.length, name).toBe(cpu.length);
        const error = relativeError(onnx, cpu);
        if (name.startsWith('slopes.')) {
          // A gradient that is zero everywhere would pass any comparison.
          expect(Math.max(...cpu.map(Math.abs)), name).toBeGreaterThan(1e-9);
          expect(error, name).toBeLessThan(1e-3);
        } else {
          expect(error, name).toBeLessThan(1e-5);
        }
      }
      expect(
        found.filter(({ name }) => name.startsWith('slopes.prompt')).length,
      ).toBe(
        { 'channel-conditional': 5, cocoop: 5, coop: 1, fixed: 0 }[prompt],
      );
    });
  },
);
