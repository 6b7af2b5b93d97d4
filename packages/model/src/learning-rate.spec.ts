import {
  constantSchedule,
  cosineSchedule,
  oneCycleSchedule,
  stepSchedule,
} from '@clip-lung/optim';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { createSchedule } from './create-schedule.js';
import { ExperimentError } from './errors.js';
import type { TrainingOptions } from './experiment.js';
import { learningRateOf } from './learning-rate.js';
import { modulesWith } from './modules-with.js';
import { defineSchedule } from './plugin.js';
import { resolveExperiment } from './resolve-experiment.js';

// Imported by its address: the examples are a project of their own, which is built upon this one.
const { default: warmRestarts } = (await import(
  new URL('../../../examples/schedule/warm-restarts.ts', import.meta.url).href
)) as { readonly default: ReturnType<typeof defineSchedule> };

const base = 0.2;

describe('the learning rate', () => {
  it('falls along a cosine with every step', () => {
    for (const schedule of [undefined, { per: 'step' } as const]) {
      ratesOf(schedule).forEach((rate, step) => {
        expect(rate).toBeCloseTo(
          0.1 * (1 + Math.cos((Math.PI * step) / 12)),
          12,
        );
      });
    }
  });

  it('falls once an epoch, and is the same for all of its steps', () => {
    // PyTorch: CosineAnnealingLR(SGD(…, lr=0.2), T_max=4), of which step() is called behind each epoch.
    const ofEpochs = [0.2, 0.1707106781186548, 0.1, 0.0292893218813453];
    ratesOf({ per: 'epoch' }).forEach((rate, step) => {
      expect(rate).toBeCloseTo(ofEpochs[Math.floor(step / 3)] ?? NaN, 12);
    });
  });

  // What these give is held to PyTorch in @clip-lung/optim. An experiment counts in epochs, here of 3 steps, 4 of them.
  it.each<[Schedule, (step: number) => number]>([
    [
      { use: 'cosine', final: 0.01, warmup: 2 },
      cosineSchedule({ base, steps: 12, warmup: 6, final: 0.01 }),
    ],
    // 1.5 steps, rounded.
    [
      { use: 'cosine', warmup: 0.5 },
      cosineSchedule({ base, steps: 12, warmup: 2 }),
    ],
    [
      { use: 'cosine', per: 'epoch', final: 0.01, warmup: 2 },
      (step) =>
        cosineSchedule({ base, steps: 4, warmup: 2, final: 0.01 })(
          Math.floor(step / 3),
        ),
    ],
    [
      { use: 'step', every: 1, factor: 0.5, warmup: 1 },
      stepSchedule({ base, every: 3, factor: 0.5, warmup: 3 }),
    ],
    [{ use: 'constant' }, () => base],
    [{ use: 'constant', warmup: 1 }, constantSchedule({ base, warmup: 3 })],
    [{ use: 'one-cycle' }, oneCycleSchedule({ base, steps: 12 })],
    [
      { use: 'one-cycle', warmup: 1, divFactor: 10, finalDivFactor: 100 },
      oneCycleSchedule({
        ...{ base, steps: 12, warmup: 3 },
        ...{ divFactor: 10, finalDivFactor: 100 },
      }),
    ],
    // Rounded, it would be all of the steps.
    [{ use: 'constant', warmup: 3.9 }, constantSchedule({ base, warmup: 11 })],
  ])('of %j is that of its steps', (schedule, expected) => {
    expect(ratesOf(schedule)).toEqual(
      Array.from({ length: 12 }, (_, step) => expected(step)),
    );
  });

  it('can be one’s own: PyTorch’s CosineAnnealingWarmRestarts(T_0=3, T_mult=2), a step at a time', () => {
    const found = ratesOf({ use: 'warm-restarts', first: 1 }, [warmRestarts]);
    const expected = [
      ...[0.2, 0.15, 0.05],
      ...[0.2, 0.1866025403784439, 0.15, 0.1, 0.05, 0.0133974596215561],
      ...[0.2, 0.1965925826289068, 0.1866025403784439],
    ];
    found.forEach((rate, step) => {
      expect(rate).toBeCloseTo(expected[step] ?? NaN, 12);
    });
  });

  it.each<[Schedule, string, string]>([
    [
      { use: 'cosine', final: 0.3 },
      'training.schedule.final',
      'is 0.3, above training.learningRate, 0.2',
    ],
    [
      { use: 'constant', warmup: 4 },
      'training.schedule.warmup',
      "is 4 of the training's 4 epochs, expected fewer than all",
    ],
    [
      { per: 'epoch', warmup: 0.5 },
      'training.schedule.warmup',
      'is 0.5, expected whole epochs, as the rate changes once an epoch; set training.schedule.per to "step", or warmup to 1',
    ],
    [
      { use: 'one-cycle', warmup: 9 },
      'training.schedule.warmup',
      "is 9 of the training's 4 epochs, expected fewer than all",
    ],
  ])('of %j is refused by the option’s path', (schedule, path, problem) => {
    expect(() => ratesOf(schedule)).toThrow(new ExperimentError(path, problem));
  });

  it.each([
    [() => NaN, 'gives NaN for the learning rate of step 0, expected a number'],
    [() => -1, 'gives -1 for the learning rate of step 0, expected a number'],
    [
      () => undefined as unknown as number,
      'gives undefined for the learning rate of step 0, expected a number',
    ],
    [
      () => {
        throw new Error('no such table');
      },
      'no such table',
    ],
  ])('of one’s own is held to numbers: %s', (rate, problem) => {
    const own = defineSchedule({
      name: 'own',
      options: z.strictObject({}),
      create: () => rate,
    });
    expect(() => ratesOf({ use: 'own' }, [own])).toThrow(
      `training.schedule: ${problem}`,
    );
  });

  it('of a plugin that makes no function is refused', () => {
    const own = defineSchedule({
      name: 'own',
      options: z.strictObject({}),
      create: () => 0.1 as never,
    });
    expect(() => ratesOf({ use: 'own' }, [own])).toThrow(
      'training.schedule: makes number, expected a function of the step and the run',
    );
  });
});

type Schedule = NonNullable<TrainingOptions<readonly [string]>['schedule']>;

/** Of each step of 4 epochs of 3 steps. */
function ratesOf(
  schedule: Schedule | undefined,
  plugins: readonly unknown[] = [],
): readonly number[] {
  const modules = modulesWith(plugins);
  const { training } = resolveExperiment(
    { training: { epochs: 4, learningRate: base, schedule } },
    modules,
  );
  const made = createSchedule({ training }, modules);
  const rate = learningRateOf(made, training, 3);
  return Array.from({ length: 12 }, (_, step) => rate(step));
}
