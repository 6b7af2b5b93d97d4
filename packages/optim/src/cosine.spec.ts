import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type CosineOptions,
  cosineSchedule,
  HyperparameterError,
} from './index.js';

interface Schedule extends Required<CosineOptions> {
  readonly rates: readonly number[];
}

const { schedules } = JSON.parse(
  readFileSync(new URL('../fixtures/torch.json', import.meta.url), 'utf8'),
) as { readonly schedules: readonly Schedule[] };

const options = fc
  .record({
    base: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    steps: fc.integer({ min: 1, max: 200 }),
    part: fc.double({ min: 0, max: 0.999, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ base, steps, part, share }) => ({
    base,
    steps,
    warmup: Math.floor(steps * part),
    final: base * share,
  }));

describe('cosineSchedule', () => {
  it.each(schedules)(
    'is PyTorch’s at every step: base $base, $steps steps, $warmup of warm-up, final $final',
    ({ rates, ...schedule }) => {
      const rate = cosineSchedule(schedule);
      for (const [step, expected] of rates.entries()) {
        // PyTorch multiplies its way from step to step, and gathers some float64 rounding.
        expect(Math.abs(rate(step) - expected)).toBeLessThan(
          1e-13 * schedule.base,
        );
      }
    },
  );

  it('rises to the base, then falls to the final rate and stays', () => {
    fc.assert(
      fc.property(options, (schedule) => {
        const { base, steps, warmup, final } = schedule;
        const rate = cosineSchedule(schedule);
        for (let step = 1; step < warmup; step++) {
          expect(rate(step)).toBeGreaterThan(rate(step - 1));
        }
        expect(rate(warmup)).toBeCloseTo(base, 12);
        for (let step = warmup + 1; step <= steps; step++) {
          expect(rate(step)).toBeLessThanOrEqual(rate(step - 1));
        }
        expect(rate(steps)).toBe(final);
        expect(rate(steps + 1000)).toBe(final);
      }),
    );
  });

  it.each([
    [{ base: -1, steps: 3 }, 'base is -1, expected at least 0'],
    [{ base: 1, steps: 0 }, 'steps is 0, expected a whole number'],
    [{ base: 1, steps: 2.5 }, 'steps is 2.5, expected a whole number'],
    [{ base: 1, steps: 3, warmup: 3 }, 'warmup is 3, expected a whole number'],
    [
      { base: 1, steps: 3, final: 2 },
      'final is 2, expected from 0 to the base',
    ],
  ])('refuses %o', (schedule, message) => {
    expect(() => cosineSchedule(schedule)).toThrow(HyperparameterError);
    expect(() => cosineSchedule(schedule)).toThrow(message);
  });

  it('refuses a step before the first', () => {
    expect(() => cosineSchedule({ base: 1, steps: 3 })(-1)).toThrow(
      'step is -1, expected at least 0',
    );
  });
});
