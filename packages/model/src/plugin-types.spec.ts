import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import { defineExperiment, type Experiment } from './experiment.js';
import { defineLoss, definePrompt, defineSchedule } from './plugin.js';

// What TypeScript accepts is checked when this file is compiled: every `@ts-expect-error` must be one.

const strong = definePrompt({
  name: 'strong',
  options: z.strictObject({ strength: z.number().default(1) }),
  create({ strength, template, classNames }, needs) {
    expectTypeOf(strength).toBeNumber();
    expectTypeOf(template).toBeString();
    expectTypeOf(classNames).toEqualTypeOf<string[] | null>();
    expectTypeOf(needs.embedding).toBeNumber();
    throw new Error('types alone');
  },
});

const smooth = defineLoss({
  name: 'smooth',
  options: z.strictObject({ by: z.number() }),
  create({ by }) {
    expectTypeOf(by).toBeNumber();
    throw new Error('types alone');
  },
});

const triangle = defineSchedule({
  name: 'triangle',
  options: z.strictObject({ top: z.number() }),
  create:
    ({ top }) =>
    (step, { base, steps }) => {
      expectTypeOf(top).toBeNumber();
      expectTypeOf(step).toBeNumber();
      return base * (1 - step / steps);
    },
});

describe('the types of an experiment', () => {
  it('know the modules and options of its plugins', () => {
    defineExperiment({
      plugins: [strong, smooth],
      prompt: { use: 'strong', strength: 2, template: 'a {class} nodule' },
      losses: [
        { use: 'cross-entropy' },
        { use: 'smooth', by: 0.1, weight: 0.5 },
      ],
    });
    defineExperiment({
      plugins: [triangle],
      training: { schedule: { use: 'triangle', top: 0.5 } },
    });
    defineExperiment({
      plugins: [triangle],
      // @ts-expect-error: an option that it must have
      training: { schedule: { use: 'triangle' } },
    });
    // @ts-expect-error: a plugin that is not listed
    defineExperiment({ training: { schedule: { use: 'triangle', top: 1 } } });
    // A file may export several.
    defineExperiment({
      plugins: [[strong, smooth]],
      prompt: { use: 'strong' },
    });
    defineExperiment({
      plugins: [strong],
      // @ts-expect-error: an option of another type
      prompt: { use: 'strong', strength: 'very' },
    });
    defineExperiment({
      plugins: [strong],
      // @ts-expect-error: an option that it does not have
      prompt: { use: 'strong', length: 2 },
    });
    defineExperiment({
      plugins: [smooth],
      // @ts-expect-error: an option that it must have
      losses: [{ use: 'smooth' }],
    });
    defineExperiment({
      plugins: [smooth],
      // @ts-expect-error: a module of another kind
      prompt: { use: 'smooth', by: 0.1 },
    });
    // @ts-expect-error: a plugin that is not listed
    defineExperiment({ prompt: { use: 'strong' } });
  });

  it('know nothing of what a path holds, and allow it', () => {
    defineExperiment({
      plugins: ['./strong.ts'],
      prompt: { use: 'strong', strength: 2 },
    });
  });

  it('know the options of the built-in modules, with plugins or without', () => {
    defineExperiment({
      plugins: [strong],
      image: { use: 'resnet18', groups: 2, embedding: 64 },
      text: { use: 'random', width: 16, train: true },
      losses: [{ use: 'focal', gamma: 1 }],
      optimizer: { use: 'sgd', nesterov: true },
      training: { schedule: { use: 'step', every: 10, factor: 0.5 } },
    });
    // A schedule that says no `use` is a cosine.
    defineExperiment({ training: { schedule: { per: 'epoch', warmup: 5 } } });
    // @ts-expect-error: an option of another schedule
    defineExperiment({ training: { schedule: { every: 10 } } });
    // @ts-expect-error: an unknown module
    defineExperiment({ image: { use: 'vgg' } });
    // @ts-expect-error: an option that it does not have
    defineExperiment({ image: { use: 'resnet18', depth: 3 } });
    // @ts-expect-error: an unknown field
    defineExperiment({ lossses: [] });
    // @ts-expect-error: an unknown preset
    defineExperiment({ preset: 'code' });
  });

  it('of one without plugins stand alone', () => {
    const plain: Experiment = { prompt: { use: 'coop' } };
    expectTypeOf(defineExperiment(plain)).toEqualTypeOf<Experiment>();
  });
});
