import { linearHead } from '@clip-lung/heads';
import { resnet18 } from '@clip-lung/image-encoder';
import type { NoduleFields } from '@clip-lung/lidc';
import { crossEntropy, fieldOf } from '@clip-lung/losses';
import { sgd } from '@clip-lung/optim';
import { fixedPrompt } from '@clip-lung/ccp-prompt';
import { onnxEngine } from '@clip-lung/engine';
import {
  float32,
  leaves,
  type NdArray,
  RandomStream,
  scalar,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { randomTower } from '@clip-lung/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { createOptimizer } from './create-optimizer.js';
import { exampleInputs } from './example-inputs.js';
import { loadTextTower } from './load-text-tower.js';
import { createModel } from './model.js';
import { modulesWith } from './modules-with.js';
import {
  defineHead,
  defineImageEncoder,
  defineLoss,
  defineOptimizer,
  definePrompt,
  defineTextTower,
  type Plugin,
} from './plugin.js';
import { resolveExperiment } from './resolve-experiment.js';
import {
  initialState,
  trainingStep,
  type TrainingState,
} from './training-step.js';

const none = z.strictObject({});
const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

const smooth = defineLoss({
  name: 'smooth',
  options: z.strictObject({ by: z.number().max(1).default(0.1) }),
  create: () => crossEntropy(),
});

describe('plugins', () => {
  it('are modules like the built-in ones, for the experiments that list them alone', () => {
    const modules = modulesWith([smooth]);
    const experiment = { losses: [{ use: 'smooth' }] };
    expect(resolveExperiment(experiment, modules).losses).toEqual([
      { use: 'smooth', by: 0.1, weight: 1 },
    ]);
    expect(() => resolveExperiment(experiment)).toThrow(
      /^losses\[0\]\.use: there is no loss "smooth"; known: /,
    );
  });

  it('that came from files are in the resolved experiment by their records, and objects are not', () => {
    const record = {
      folder: '/experiments',
      file: '../plugins/smooth.ts',
      files: { '../plugins/smooth.ts': 'a0'.repeat(32) },
      packages: { 'ml-matrix': '6.12.1', local: '' },
    };
    const resolved = resolveExperiment(
      { plugins: [record, smooth, [smooth]] },
      modulesWith([smooth]),
    );
    expect(resolved.plugins).toEqual([record]);
    expect(resolveExperiment(resolved)).toEqual(resolved);
    const { folder, file, files } = record;
    const plugins = [record, { folder, file, files }];
    expect(() => resolveExperiment({ plugins })).toThrow(
      /^plugins\[1\]\.packages: /,
    );
  });

  it('have their options checked by their own schema', () => {
    const losses = [{ use: 'smooth', by: 2 }];
    expect(() => resolveExperiment({ losses }, modulesWith([smooth]))).toThrow(
      /^losses\[0\]\.by: .*<=1/,
    );
  });

  it('that learn prompts take the templates, too', () => {
    const mine = definePrompt({
      name: 'mine',
      options: none,
      create: (_, { initial }) => fixedPrompt({ initial }),
    });
    expect(
      resolveExperiment({ prompt: { use: 'mine' } }, modulesWith([[mine]]))
        .prompt,
    ).toEqual({
      use: 'mine',
      template: 'a nodule image of {class}.',
      attributeTemplate: 'the nodule is {attribute}.',
      classNames: null,
      attributeNames: null,
      attributes: 'conditioned',
    });
  });

  it.each([
    [undefined, /^plugins\[1\]: this is nothing .*export default/],
    ['./smooth.ts', /^plugins\[1\]: this is the path ".\/smooth.ts"/],
    [{ name: 'smooth' }, /^plugins\[1\]: this is not a plugin: its "kind"/],
    [{ ...smooth, options: {} }, /its "options" is wrong \(expected a zod/],
    [{ ...smooth, create: 3 }, /its "create" is wrong \(expected a function/],
    [[], /^plugins\[1\]: is an empty list/],
    [[smooth, 7], /^plugins\[1\]: entry 1 of the list is number/],
    [smooth, /^plugins\[1\]: there already is a loss "smooth"/],
    [
      { ...smooth, name: 'focal' },
      /^plugins\[1\]: there already is a loss "focal"; known: .*Give/,
    ],
  ])(
    'that are none, or are there twice, are refused: %o',
    (second, problem) => {
      const first = second === smooth ? smooth : { ...smooth, name: 'first' };
      expect(() => modulesWith([first, second])).toThrow(problem);
    },
  );
});

/** The first step of an experiment that uses a plugin, and the state before it. */
async function firstStep(plugin: Plugin, others = [{ use: 'image-class' }]) {
  const modules = modulesWith([plugin]);
  const choice = { use: plugin.name };
  const experiment = resolveExperiment(
    {
      image: { use: 'resnet18', width: 1, groups: 1 },
      text: { use: 'random', width: 16, layers: 1 },
      losses: [{ use: 'cross-entropy' }, { use: 'image-class' }],
      ...(plugin.kind === 'loss'
        ? { losses: [...others, choice] }
        : { [plugin.kind]: choice }),
    },
    modules,
  );
  const tower = await loadTextTower(experiment, {
    modules,
    loadClip: () => Promise.reject(new Error('there is no CLIP here')),
  });
  const model = createModel(experiment, {
    modules,
    classes: ['benign', 'unsure', 'malignant'],
    tower,
  });
  const optimizer = createOptimizer(experiment, modules);
  const step = engine.compile(trainingStep(model, optimizer), {
    frozen: model.frozen,
  });
  const start = initialState(model, optimizer, new RandomStream(1));
  return { step, start, inputs: exampleInputs(model, 4) };
}

/** What training does before its first step. */
async function ready(plugin: Plugin): Promise<void> {
  const { step, start, inputs } = await firstStep(plugin);
  await step.prepare(engine.state<TrainingState>(start), inputs);
}

const encoder = resnet18({ groups: 1, width: 1, embedding: 64 });
const head = linearHead({ classes: 3, features: 16 });
const fixed = (shape: number[]) => () => tf.zeros(shape);

describe('a parameter that no loss depends on', () => {
  it('keeps its value, but for weight decay', async () => {
    const { step, start, inputs } = await firstStep(
      defineHead({
        name: 'spare',
        options: none,
        create: () => ({
          init: (random) => ({
            used: head.init(random),
            spare: float32([2], [3, -4]),
          }),
          apply: (params, maps) =>
            head.apply((params as { used: Tree<tf.Tensor> }).used, maps),
        }),
      }),
    );
    const state = engine.state<TrainingState>(start);
    await step.run(state, { ...inputs, learningRate: scalar(0.5) });
    const after = new Map(leaves<NdArray>(await state.read()));
    const kept = 1 - 0.5 * 5e-5; // the preset's weight decay
    expect(after.get('params.head.spare')?.data).toEqual(
      Float32Array.of(3 * kept, -4 * kept),
    );
  });

  it('may not be every one of them', async () => {
    const constant = defineLoss({
      name: 'constant',
      options: none,
      create: () => ({
        name: 'constant',
        needs: [],
        compute: ({ targets }) => tf.mean<tf.Scalar>(targets),
      }),
    });
    const { step, start, inputs } = await firstStep(constant, []);
    await expect(
      step.prepare(engine.state<TrainingState>(start), inputs),
    ).rejects.toThrow(/^losses: their sum depends on no parameter/);
  });
});

describe('a loss of one’s own', () => {
  it('learns parameters of its own, from fields that it asked for', async () => {
    // (w − diameter / 2)² + 0 · progress, averaged: its gradient is 2 (w − mean diameter / 2).
    const { step, start, inputs } = await firstStep(
      defineLoss({
        name: 'size',
        options: none,
        create: () => ({
          name: 'size',
          needs: [],
          fields: { size: 'diameter', share: 'progress' },
          init: (_, sizes) => {
            expect(sizes).toMatchObject({ classes: 3, groups: 1 });
            return { w: float32([1], [7]) };
          },
          compute(given, params: Tree<tf.Tensor>) {
            const half = tf.div(fieldOf(given, 'size', 'size'), 2);
            const share = fieldOf(given, 'size', 'share');
            const { w } = params as { readonly w: tf.Tensor };
            const off = tf.mean(tf.square(tf.sub(w, half)));
            const none = tf.mul(share, 0);
            return tf.add(tf.sub(off, tf.mean(tf.square(half))), none);
          },
        }),
      }),
    );
    expect(Object.keys(inputs.fields ?? {})).toEqual(['field0', 'field1']);
    const fields = {
      field0: float32([4], [4, 6, 8, 14]),
      field1: scalar(0.5),
    };
    const state = engine.state<TrainingState>(start);
    const { terms } = await step.run(state, {
      ...{ ...inputs, fields },
      learningRate: scalar(0.25),
    });
    // 49 − 7 · mean(4, 6, 8, 14)
    expect(terms['size']?.data[0]).toBeCloseTo(49 - 7 * 8, 4);
    const after = new Map(leaves<NdArray>(await state.read()));
    const gradient = 2 * (7 - 4) + 5e-5 * 7; // with the preset's weight decay
    expect(after.get('params.losses.size.w')?.data[0]).toBeCloseTo(
      7 - 0.25 * gradient,
      5,
    );
  });

  it.each([
    [{ odd: 'volume' }, /^losses\[1\]: asks for the field "odd" as "volume"/],
    [{ odd: undefined }, /^losses\[1\]: asks for the field "odd" as nothing/],
    [{ odd: { column: 3 } }, /as \{"column":3\}, expected one of votes, /],
  ])('may not ask for %o', async (fields, problem) => {
    const asking = defineLoss({
      name: 'asking',
      options: none,
      create: () => ({
        ...crossEntropy(),
        fields: fields as unknown as NoduleFields,
      }),
    });
    await expect(ready(asking)).rejects.toThrow(problem);
  });

  it('may not use a field that it did not ask for', async () => {
    const asking = defineLoss({
      name: 'asking',
      options: none,
      create: () => ({
        ...crossEntropy(),
        compute: (given) => tf.mean(fieldOf(given, 'asking', 'size')),
      }),
    });
    await expect(ready(asking)).rejects.toThrow(
      'the loss "asking" needs the field "size": declare it',
    );
  });
});

describe('a prompt learner of one’s own', () => {
  it('may not be made of what there is in training alone', async () => {
    const learner = definePrompt({
      name: 'hurried',
      options: none,
      create: (_, { initial }) => ({
        ...fixedPrompt({ initial }),
        fields: { share: 'progress' },
      }),
    });
    await expect(ready(learner)).rejects.toThrow(
      /^prompt: asks for progress, which exists in training alone/,
    );
  });

  it('may not call an option as all learners have one', () => {
    expect(() =>
      definePrompt({
        name: 'clashing',
        options: z.strictObject({ attributes: z.int() }),
        create: (_, { initial }) => fixedPrompt({ initial }),
      }),
    ).toThrow(
      /^prompt: the prompt learner "clashing" has an option "attributes"/,
    );
  });
});

describe('a plugin that is not what it should be', () => {
  it.each<[string, Plugin, RegExp]>([
    [
      'throws when it is made',
      defineLoss({
        name: 'broken',
        options: none,
        create() {
          throw new Error('no such table');
        },
      }),
      /^losses\[1\]: no such table$/,
    ],
    [
      'throws when it is run',
      defineLoss({
        name: 'broken',
        options: none,
        create: () => ({
          name: 'broken',
          needs: [],
          compute() {
            throw new RangeError('nothing to add up');
          },
        }),
      }),
      /^losses\[1\]: nothing to add up$/,
    ],
    [
      'reads a value',
      defineLoss({
        name: 'peeking',
        options: none,
        create: () => ({
          name: 'peeking',
          needs: [],
          compute: ({ logits }) => tf.scalar(logits.dataSync()[0] ?? 0),
        }),
      }),
      /^losses\[1\]: .*value/,
    ],
    [
      'gives a loss that is no scalar',
      defineLoss({
        name: 'long',
        options: none,
        create: () => ({
          name: 'long',
          needs: [],
          compute: ({ logits }) => tf.sum(logits, 1) as unknown as tf.Scalar,
        }),
      }),
      /^losses\[1\]: gives \[4\] for its value, expected \[\]$/,
    ],
    [
      'gives no loss at all',
      defineLoss({
        name: 'absent',
        options: none,
        create: () => ({
          name: 'absent',
          needs: [],
          compute: () => undefined as unknown as tf.Scalar,
        }),
      }),
      /^losses\[1\]: gives no tensor for its value, expected \[\]$/,
    ],
    [
      'gives logits of another number of classes',
      defineHead({
        name: 'narrow',
        options: none,
        create: () => ({ ...head, apply: fixed([4, 2]) as never }),
      }),
      /^head: gives \[4, 2\] for logits, expected \[4, 3\]$/,
    ],
    [
      'has features of another length than the text’s',
      defineImageEncoder({
        name: 'wide',
        options: none,
        create: () => resnet18({ groups: 1, width: 1, embedding: 128 }),
      }),
      /^image: its groups have features of D = 128, the text's have 64/,
    ],
    [
      'promises other groups than it gives',
      defineImageEncoder({
        name: 'boasting',
        options: none,
        create: () => ({
          ...encoder,
          sizes: { ...encoder.sizes, groups: 2 },
        }),
      }),
      /^image: gives \[4, 1, 64\] for groups, expected \[4, 2, 64\]$/,
    ],
    [
      'forgets a statistic',
      defineImageEncoder({
        name: 'forgetful',
        options: none,
        create: () => ({
          ...encoder,
          apply: (...given) => ({ ...encoder.apply(...given), statistics: {} }),
        }),
      }),
      /^image: gives statistics without "bn1\.running_mean"$/,
    ],
    [
      'makes a context that no prompt takes',
      definePrompt({
        name: 'short',
        options: none,
        create: (_, { initial }) => ({
          ...fixedPrompt({ initial }),
          context: fixed([1, 3, 16]) as never,
        }),
      }),
      /^prompt: the context is \[1, 3, 16\], .* take \[B, 1, 16\]$/,
    ],
    [
      'makes contexts for another number of nodules',
      definePrompt({
        name: 'two',
        options: none,
        create: (_, { initial }) => ({
          ...fixedPrompt({ initial }),
          context: fixed([2, 1, 16]) as never,
        }),
      }),
      /^prompt: gives \[2, 3, 64\] for class features, expected \[4 or 1, 3, 64\]$/,
    ],
    [
      'loses a parameter',
      defineOptimizer({
        name: 'losing',
        options: none,
        create: () => ({
          ...sgd(),
          update: (params, _, state) => ({
            params: treeOf(
              leaves<tf.Tensor>(params).filter(
                ([path]) => path !== 'head.fc.weight',
              ),
            ),
            state,
          }),
        }),
      }),
      /^optimizer: gives params without "head\.fc\.weight"$/,
    ],
    [
      'has weights that its configuration does not promise',
      defineTextTower({
        name: 'odd',
        options: none,
        create: () => ({
          ...randomTower({ seed: 1, width: 16 }),
          weights: treeOf([]),
        }),
      }),
      /^text: its weight "text_model\.\S+" is missing, expected \[\d+, 16\]/,
    ],
    [
      'cannot be loaded',
      defineTextTower({
        name: 'offline',
        options: none,
        create: () => Promise.reject(new Error('no network')),
      }),
      /^text: no network$/,
    ],
  ])(
    'is refused before the first step: one that %s',
    async (_, plugin, problem) => {
      await expect(ready(plugin)).rejects.toThrow(problem);
    },
  );
});
