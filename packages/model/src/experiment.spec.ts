import { describe, expect, it } from 'vitest';

import { ExperimentError } from './errors.js';
import type { Experiment } from './experiment.js';
import { resolveExperiment } from './resolve-experiment.js';

describe('an experiment', () => {
  it('that says nothing is the paper’s', () => {
    expect(resolveExperiment({})).toEqual({
      preset: 'paper',
      plugins: [],
      data: {
        subset: 'A',
        folds: 5,
        validation: 0.2,
        targets: 'label',
        attributes: 'eight',
      },
      image: { use: 'resnet18', groups: 4, width: 64, embedding: 512 },
      head: { use: 'linear' },
      text: {
        use: 'clip',
        model: 'Xenova/clip-vit-base-patch16',
        revision: null,
        host: null,
        train: false,
      },
      prompt: {
        use: 'channel-conditional',
        template: 'a nodule image of {class}.',
        attributeTemplate: 'the nodule is {attribute}.',
        classNames: null,
        attributes: 'conditioned',
        reduction: 16,
      },
      logitScale: { initial: 1 / 0.07, max: 100, learn: true },
      losses: [
        { use: 'cross-entropy', weight: 1 },
        { use: 'image-class', weight: 1, targets: 'batch' },
        { use: 'image-attribute', weight: 1, form: 'paper' },
        { use: 'class-attribute', weight: 0.5, form: 'paper' },
      ],
      optimizer: {
        use: 'sgd',
        momentum: 0.9,
        weightDecay: 5e-5,
        nesterov: false,
      },
      augment: [],
      training: {
        epochs: 100,
        batchSize: 32,
        learningRate: 1e-3,
        ema: 0.999,
        emaWarmup: false,
        seed: 1,
      },
    });
  });

  it.each<Experiment>([
    {},
    { losses: [{ use: 'cross-entropy' }] },
    {
      text: { use: 'random', width: 32 },
      prompt: { use: 'coop' },
      training: { momentum: 0.5, seed: -3 },
    },
  ])(
    'once resolved resolves to itself, also through JSON: %j',
    (experiment) => {
      const resolved = resolveExperiment(experiment);
      expect(resolveExperiment(JSON.parse(JSON.stringify(resolved)))).toEqual(
        resolved,
      );
    },
  );

  it('without a loss that needs text has none', () => {
    const resolved = resolveExperiment({
      text: { use: 'random' },
      losses: [{ use: 'cross-entropy' }],
    });
    expect([resolved.text, resolved.prompt]).toEqual([null, null]);
  });

  it.each([
    [
      { training: { epochs: 0 } },
      'training.epochs',
      /expected number to be >=1/,
    ],
    [{ training: { batchSize: 2.5 } }, 'training.batchSize', /expected int/],
    [{ trainng: {} }, '', /Unrecognized key: "trainng"/],
    [{ data: { subset: 'D' } }, 'data.subset', /"A"\|"B"\|"C"/],
    [
      { image: { use: 'vgg' } },
      'image.use',
      /no image encoder "vgg"; known: resnet18/,
    ],
    [
      { image: { use: 'resnet18', depth: 3 } },
      'image',
      /Unrecognized key: "depth"/,
    ],
    [
      { text: { use: 'bert' } },
      'text.use',
      /no text tower "bert"; known: clip, random/,
    ],
    [{ text: { use: 'constructor' } }, 'text.use', /no text tower/],
    [
      { text: { use: 'random', width: 'wide' } },
      'text.width',
      /expected number/,
    ],
    [
      { prompt: { use: 'coop', reduction: 4 } },
      'prompt',
      /Unrecognized key: "reduction"/,
    ],
    [{ losses: [] }, 'losses', /expected array to have >=1/],
    [
      { losses: [{ use: 'cross-entropy' }, { use: 'mse' }] },
      'losses[1].use',
      /no loss "mse"; known: class-attribute, .*cross-entropy/,
    ],
    [
      { losses: [{ use: 'cross-entropy', weight: -1 }] },
      'losses[0].weight',
      />=0/,
    ],
    [
      { losses: [{ use: 'cross-entropy' }, { use: 'cross-entropy' }] },
      'losses',
      /"cross-entropy" is there twice/,
    ],
    [
      { training: { momentum: 2 } },
      'training.momentum',
      /expected number to be <1/,
    ],
    [3, '', /expected object/],
  ])(
    '%j is refused, by the path of what is wrong',
    (experiment, path, problem) => {
      let found: unknown;
      try {
        resolveExperiment(experiment);
      } catch (error) {
        found = error;
      }
      expect(found).toBeInstanceOf(ExperimentError);
      expect(found).toMatchObject({ path });
      expect((found as Error).message).toMatch(problem);
    },
  );
});
