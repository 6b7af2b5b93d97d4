import {
  type Arguments,
  cpuEngine,
  onnxEngine,
  type Results,
} from '@clip-lung/engine';
import {
  elementsOf,
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

import type { Experiment } from './experiment.js';
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

/** Rows of positive numbers that add up to 1. */
function shares(rows: number, length: number): NdArray<'float32'> {
  const drawn = numbers([rows, length]);
  for (let row = 0; row < rows; row++) {
    const own = drawn.data.subarray(length * row, length * (row + 1));
    const sum = own.reduce((total, value) => total + value, 0);
    own.forEach((value, i) => (own[i] = value / sum));
  }
  return drawn;
}

const images = numbers([batch, 32, 32, 32]);
const [eight, nine] = [shares(batch, 8), shares(batch, 9)];
// Labels, and votes.
const targets = float32([batch, 3], [1, 0, 0, 0, 0, 1, 0, 0.75, 0.25, 0, 0, 1]);
const classCounts = float32([3], [9, 3, 6]);

type State = Pick<TrainingState, 'params' | 'statistics'>;
type Inputs = { readonly [Name in keyof Omit<Batch, 'fields'>]: tf.Tensor };

const tower = randomTower({
  seed: 3,
  width: 16,
  heads: 2,
  layers: 2,
  embedding: 64,
});

/** The whole loss and all gradients of a tiny model, on both engines. */
async function onBoth(
  written: Experiment,
): Promise<{ name: string; cpu: Float32Array; onnx: Float32Array }[]> {
  const experiment = resolveExperiment({
    image: { use: 'resnet18', width: 2, groups: 4, embedding: 64 },
    text: { use: 'random' },
    ...written,
  });
  const model = createModel(experiment, {
    classes: ['benign', 'unsure', 'malignant'],
    tower,
  });
  const start = model.init(new RandomStream(1, 'init'));
  const inputs = {
    images,
    targets,
    attributeWeights: model.attributes.length === 9 ? nine : eight,
    classCounts,
  };
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
  return [...(cpu ?? [])].map(([name, array]) => {
    const other = onnx?.get(name);
    if (other === undefined) throw new TypeError(`onnx gives no ${name}`);
    return {
      name,
      cpu: elementsOf(array, 'float32', name),
      onnx: elementsOf(other, 'float32', name),
    };
  });
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array): number =>
    Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return (
    norm(found.map((x, i) => x - (expected[i] ?? NaN))) /
    Math.max(norm(expected), 1e-12)
  );
}

// The words of the random tower's tokenizer: four of them are the context.
const attributeTemplate = 'the nodule has a {attribute}.';

/** What each experiment learns besides the image encoder, by the first names of its parameters. */
const experiments: readonly (readonly [
  name: string,
  experiment: Experiment,
  learnt: readonly string[],
])[] = [
  ...(['channel-conditional', 'cocoop'] as const).map(
    (use) =>
      [
        use,
        { prompt: { use, attributeTemplate } },
        ['head', 'logit_scale', 'prompt.ctx', 'prompt.meta_net'],
      ] as const,
  ),
  [
    'coop',
    { prompt: { use: 'coop', attributeTemplate } },
    ['head', 'logit_scale', 'prompt.ctx'],
  ],
  [
    'coop, a context for each class, names amid them',
    {
      prompt: {
        use: 'coop',
        contexts: 'class-specific',
        classPosition: 'middle',
        attributeTemplate,
      },
    },
    ['head', 'logit_scale', 'prompt.ctx', 'prompt.attribute_ctx'],
  ],
  [
    'fixed prompts',
    { prompt: { use: 'fixed', attributeTemplate } },
    ['head', 'logit_scale'],
  ],
  [
    'fixed attributes beside learnt classes',
    {
      prompt: { use: 'channel-conditional', attributes: 'fixed' },
    },
    ['head', 'logit_scale', 'prompt.ctx', 'prompt.meta_net'],
  ],
  [
    'the published code',
    {
      preset: 'published-code',
      prompt: { use: 'channel-conditional', attributeTemplate },
    },
    ['head', 'logit_scale', 'prompt.ctx', 'prompt.meta_net', 'text'],
  ],
  // Heads and losses have their own comparison; one pair is seen here in its place.
  [
    'an ordinal forest, class-balanced loss',
    { head: { use: 'ordinal-forest' }, losses: [{ use: 'class-balanced' }] },
    ['head'],
  ],
];

describe('the whole loss, traced against plain tfjs', () => {
  it.each(experiments)(
    'has the same value, terms and gradient for every parameter: %s',
    async (_, experiment, learnt) => {
      const found = await onBoth(experiment);
      for (const { name, cpu, onnx } of found) {
        expect(onnx.length, name).toBe(cpu.length);
        const error = relativeError(onnx, cpu);
        if (name.endsWith('.k_proj.bias')) {
          // Adds the same to all of a query's scores, which softmax takes away: what is left is rounding.
          expect(Math.max(...cpu.map(Math.abs)), name).toBeLessThan(1e-7);
          expect(Math.max(...onnx.map(Math.abs)), name).toBeLessThan(1e-7);
        } else if (name.startsWith('slopes.')) {
          // A gradient that is zero everywhere would pass any comparison.
          expect(Math.max(...cpu.map(Math.abs)), name).toBeGreaterThan(1e-9);
          expect(error, name).toBeLessThan(1e-3);
        } else {
          expect(error, name).toBeLessThan(1e-5);
        }
      }
      const slopes = found.filter(({ name }) => name.startsWith('slopes.'));
      const others = slopes
        .map(({ name }) => name.slice('slopes.'.length))
        .filter((name) => !name.startsWith('image.'));
      for (const name of learnt) {
        expect(
          others.some((path) => path.startsWith(name)),
          name,
        ).toBe(true);
      }
      expect(
        others.filter((path) => !learnt.some((name) => path.startsWith(name))),
      ).toEqual([]);
    },
  );
});
