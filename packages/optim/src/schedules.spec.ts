import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  constantSchedule,
  HyperparameterError,
  type OneCycleOptions,
  oneCycleSchedule,
  type StepDecayOptions,
  stepSchedule,
  type WarmupOptions,
} from './index.js';

const torch = JSON.parse(
  readFileSync(new URL('../fixtures/schedules.json', import.meta.url), 'utf8'),
) as Fixture;

describe('schedules', () => {
  it.each([
    ...torch.step.map((one) => ['step', one, stepSchedule] as const),
    ...torch.constant.map(
      (one) => ['constant', one, constantSchedule] as const,
    ),
    ...torch.oneCycle.map(
      (one) => ['one cycle', one, oneCycleSchedule] as const,
    ),
  ])('are PyTorch’s at every step: %s, %j', (_, { options, rates }, make) => {
    // Of the same entry both; TypeScript does not follow that through the union.
    const rate = (make as (options: unknown) => (step: number) => number)(
      options,
    );
    for (const [step, expected] of rates.entries()) {
      // PyTorch multiplies its way from step to step, and gathers some float64 rounding.
      expect(Math.abs(rate(step) - expected), `step ${step}`).toBeLessThan(
        1e-13 * options.base,
      );
    }
  });

  it('of one cycle stay at their last rate, and can rise within a single step', () => {
    const rate = oneCycleSchedule({ base: 1, steps: 4, warmup: 1 });
    expect([rate(0), rate(3), rate(9)]).toEqual([1, 4e-6, 4e-6]);
  });

  it.each<[() => unknown, string]>([
    [
      () => constantSchedule({ base: 1, warmup: 0.5 }),
      'warmup is 0.5, expected a whole number of at least 0',
    ],
    [
      () => stepSchedule({ base: 1, every: 0, factor: 0.1 }),
      'every is 0, expected a whole number of at least 1',
    ],
    [
      () => stepSchedule({ base: 1, every: 1, factor: 2 }),
      'factor is 2, expected above 0 and at most 1',
    ],
    [
      () => oneCycleSchedule({ base: 1, steps: 3, warmup: 3 }),
      'warmup is 3, expected from 0 to below the 3 steps',
    ],
    [
      () => oneCycleSchedule({ base: 1, steps: 3, divFactor: 0.5 }),
      'divFactor is 0.5, expected at least 1',
    ],
    [
      () => oneCycleSchedule({ base: 1, steps: 3 })(-1),
      'step is -1, expected at least 0',
    ],
  ])('are refused: %s', (make, message) => {
    expect(make).toThrow(HyperparameterError);
    expect(make).toThrow(message);
  });
});

interface Case<Options> {
  readonly options: Options;
  readonly rates: readonly number[];
}

interface Fixture {
  readonly step: readonly Case<StepDecayOptions>[];
  readonly constant: readonly Case<WarmupOptions>[];
  readonly oneCycle: readonly Case<OneCycleOptions>[];
}
