import { leaves, type NdArray, RandomStream } from '@clip-lung/tensor';
import { randomTower } from '@clip-lung/text-encoder';
import { describe, expect, it } from 'vitest';

import { ExperimentError } from './errors.js';
import { withTower } from './load-text-tower.js';
import { createModel } from './model.js';
import { resolveExperiment } from './resolve-experiment.js';

const classes = ['benign', 'unsure', 'malignant'];
const tower = randomTower({ seed: 1, width: 16, layers: 1 });
const small = { use: 'resnet18', width: 2, groups: 4 } as const;
const prompt = {
  use: 'channel-conditional',
  attributeTemplate: 'the nodule has a {attribute}.',
} as const;
const shapes = (tree: unknown): Record<string, readonly number[]> =>
  Object.fromEntries(
    leaves<NdArray>(tree as NdArray).map(([path, { shape }]) => [path, shape]),
  );

describe('a model', () => {
  it('with text learns the encoder, the head, the prompt and the temperature', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt,
    });
    const { params } = createModel(experiment, { classes, tower }).init(
      new RandomStream(1),
    );
    const found = shapes(params);
    expect(found['head.fc.weight']).toEqual([3, 64]);
    expect(found['prompt.ctx']).toEqual([4, 16]);
    expect(found['logit_scale']).toEqual([]);
    const scale = leaves<NdArray>(params).find(
      ([path]) => path === 'logit_scale',
    );
    expect(Math.exp(Number(scale?.[1].data[0]))).toBeCloseTo(1 / 0.07, 4);
  });

  it('without text learns the encoder and the head alone, and holds no tower', () => {
    const experiment = resolveExperiment({
      image: { ...small, embedding: 64 },
      losses: [{ use: 'cross-entropy' }],
    });
    const model = createModel(experiment, { classes, tower: null });
    const names = Object.keys(shapes(model.init(new RandomStream(1)).params));
    expect(names.every((name) => /^(image|head)\./.test(name))).toBe(true);
    expect(leaves(model.frozen)).toEqual([]);
  });

  it('starts the same for the same seed, and otherwise for another', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt,
    });
    const model = createModel(experiment, { classes, tower });
    const start = (seed: number): string =>
      JSON.stringify(leaves(model.init(new RandomStream(seed)).params));
    expect(start(1)).toBe(start(1));
    expect(start(1)).not.toBe(start(2));
  });

  it('learns the tower, too, when it is told to, and then holds none of its weights as constants', () => {
    const experiment = { image: small, text: { use: 'random' }, prompt };
    const of = (train: boolean): Record<'learnt' | 'frozen', string[]> => {
      const resolved = resolveExperiment({
        ...experiment,
        text: { ...experiment.text, train },
      });
      const model = createModel(resolved, { classes, tower });
      const { params } = model.init(new RandomStream(1));
      return {
        learnt: Object.keys(shapes(params)).filter((name) =>
          name.startsWith('text.'),
        ),
        frozen: Object.keys(shapes(model.frozen)).filter((name) =>
          name.includes('mlp.fc1.weight'),
        ),
      };
    };
    expect(of(false).learnt).toEqual([]);
    expect(of(false).frozen).toHaveLength(1);
    expect(of(true).learnt).toContain(
      'text.text_model.encoder.layers.0.mlp.fc1.weight',
    );
    expect(of(true).frozen).toEqual([]);
  });

  it('learns no temperature when it is told not to', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt,
      logitScale: { initial: 20, learn: false },
    });
    const { params } = createModel(experiment, { classes, tower }).init(
      new RandomStream(1),
    );
    expect(Object.keys(shapes(params))).not.toContain('logit_scale');
  });

  it('compares with eight attributes, or with malignancy and eight', () => {
    const of = (set: string): readonly string[] =>
      createModel(
        resolveExperiment({
          data: { attributes: set },
          image: small,
          text: { use: 'random' },
          prompt,
        }),
        { classes, tower },
      ).attributes;
    expect(of('eight')).toHaveLength(8);
    expect(of('nine')).toEqual(['malignancy', ...of('eight')]);
  });

  it('is refused when its groups do not divide the channels', () => {
    const experiment = resolveExperiment({
      image: { ...small, groups: 3, channels: 32, embedding: 512 },
      losses: [{ use: 'cross-entropy' }],
    });
    expect(() => createModel(experiment, { classes, tower: null })).toThrow(
      /^image\.groups: is 3, which does not divide the 32 channels; leave channels out, or set it to 24$/,
    );
  });

  it('is refused when there are more classes than prompts, or fewer', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt: { ...prompt, classNames: ['harmless', 'cancerous'] },
    });
    expect(() => createModel(experiment, { classes, tower })).toThrow(
      /^prompt\.classNames: has 2 names \(harmless, cancerous\), the data has 3 classes \(benign, unsure, malignant\)/,
    );
    const two = classes.slice(0, 2);
    expect(createModel(experiment, { classes: two, tower }).classes).toBe(two);
  });

  it('is refused without as many names as attributes', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt: { ...prompt, attributeNames: ['shape', 'edge'] },
    });
    expect(() => createModel(experiment, { classes, tower })).toThrow(
      /^prompt\.attributeNames: has 2 names \(shape, edge\), data\.attributes has 8 attributes \(subtlety, /,
    );
  });

  it.each([
    ['classNames', ['benign', 'unsure', 'Benign'], '"benign" and "Benign"'],
    ['classNames', ['benign', ' benign ', 'bad'], '"benign" and " benign "'],
    ['classNames', ['a b', 'unsure', 'a  b'], '"a b" and "a  b"'],
    ['attributeNames', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'A'], '"a" and "A"'],
  ])(
    'is refused when two names are one text to the tower: %s %j',
    (option, names, pair) => {
      const experiment = resolveExperiment({
        image: small,
        text: { use: 'random' },
        prompt: { ...prompt, [option]: names },
      });
      expect(() => createModel(experiment, { classes, tower })).toThrow(
        `prompt.${option}: has ${pair}, which are the same to the text tower`,
      );
    },
  );

  it.each([
    ['template', { template: 'benign or {class}' }],
    ['attributeTemplate', { attributeTemplate: 'its {attribute}' }],
    ['attributeTemplate', { attributeTemplate: 'the nodule has a shape' }],
  ])('is refused by prompt.%s when a template does not fit', (field, own) => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt: { ...prompt, ...own },
    });
    expect(() => createModel(experiment, { classes, tower })).toThrow(
      new RegExp(`^prompt\\.${field}: `),
    );
  });

  it('with a random tower and nothing else said has prompts whose words the context can take', () => {
    const random = randomTower({ seed: 1 });
    const experiment = resolveExperiment({ text: { use: 'random' } });
    const model = createModel(experiment, { classes, tower: random });
    expect(model.attributes).toHaveLength(8);
    expect(withTower(experiment, random).prompt).toMatchObject({
      attributeTemplate: 'the nodule has a {attribute}.',
    });
    const two = { ...experiment, image: { ...experiment.image, groups: 2 } };
    expect(withTower(two, random).prompt).toMatchObject({
      attributeTemplate: 'the nodule is {attribute}.',
    });
  });

  it('is refused when a loss needs text and there is no tower', () => {
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt,
    });
    expect(() => createModel(experiment, { classes, tower: null })).toThrow(
      ExperimentError,
    );
  });

  it('is refused when its parts do not fit, by the part', () => {
    const odd = randomTower({ seed: 1, width: 16, layers: 1, embedding: 48 });
    const experiment = resolveExperiment({
      image: small,
      text: { use: 'random' },
      prompt,
    });
    expect(() => createModel(experiment, { classes, tower: odd })).toThrow(
      /^image: .*48/,
    );
  });

  it('is refused when its context is longer than what the prompts have in common', () => {
    const experiment = resolveExperiment({
      image: { ...small, groups: 6 },
      text: { use: 'random' },
      prompt,
    });
    expect(() => createModel(experiment, { classes, tower })).toThrow(
      /first 6 tokens .* differ/,
    );
  });
});
