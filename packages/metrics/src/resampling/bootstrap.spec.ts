import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { binomial } from './binomial.js';
import {
  bootstrap,
  bootstrapInterval,
  type BootstrapOptions,
  classScores,
  figureOfSums,
  figureOfWeights,
  macroScores,
  MetricsInputError,
} from '../index.js';

describe('bootstrapInterval', () => {
  it('of a macro F1 is what scikit-learn gives for weights of the same draws', async () => {
    const { labels, predictions, uniform, low, high, ...rest } =
      fixture().bootstrapF1;
    const numbers = uniform.values();
    const cells = [0, 1, 2].flatMap((label) =>
      [0, 1, 2].map((prediction) => ({ label, prediction })),
    );
    const interval = await bootstrapInterval({
      ...rest,
      values: cells.map(({ label, prediction }) =>
        labels.map((own, i) =>
          own === label && predictions[i] === prediction ? 1 : 0,
        ),
      ),
      statistic: (sums) =>
        macroScores(
          classScores([0, 3, 6].map((start) => sums.slice(start, start + 3))),
        ).f1,
      random: () => numbers.next().value ?? NaN,
    });
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
    expect(numbers.next().done).toBe(true);
  });

  it('is what the drawn cases give when they are listed one by one', async () => {
    const cases = fc.array(
      fc.record({
        group: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        value: fc.double({ min: -1, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(), async (list, seed) => {
        const groups = ['x', 'y', ...list.map(({ group }) => group)];
        const values = [0.5, -0.5, ...list.map(({ value }) => value)];
        const interval = await bootstrapInterval({
          groups,
          values: [values, values.map(() => 1)],
          statistic: mean,
          random: uniformFrom(seed),
          resamples: 1,
        });
        const names = [...new Set(groups)];
        const random = uniformFrom(seed);
        const drawn = names.flatMap(() => {
          const name = names[Math.floor(random() * names.length)];
          return values.filter((_value, i) => groups[i] === name);
        });
        const total = drawn.reduce((sum, value) => sum + value, 0);
        expect(interval.low).toBeCloseTo(total / drawn.length, 12);
        expect(interval.high).toBe(interval.low);
      }),
    );
  });

  it('of very many groups is as wide as the normal distribution says', async () => {
    // 70,000 groups of one to three cases, three in four of which are right: five kinds and more.
    const sizes = Array.from({ length: 70_000 }, (_group, i) => 1 + (i % 3));
    const groups = sizes.flatMap((size, i) =>
      new Array<string>(size).fill(`group ${i}`),
    );
    const right = groups.map((_group, i) => (i % 4 === 0 ? 0 : 1));
    const interval = await bootstrapInterval({
      groups,
      values: [right, right.map(() => 1)],
      statistic: mean,
      random: uniformFrom(1),
      resamples: 4000,
    });
    // The variance of a ratio of sums over independent groups, by its first derivative: Cochran, Sampling Techniques, §6.
    const accuracy = 0.75;
    const residuals = new Map<string, number>();
    for (const [i, group] of groups.entries()) {
      const own = (right[i] ?? NaN) - accuracy;
      residuals.set(group, (residuals.get(group) ?? 0) + own);
    }
    const squares = [...residuals.values()].reduce((sum, r) => sum + r ** 2, 0);
    const half = (1.959964 * Math.sqrt(squares)) / groups.length;
    // An end is a 2.5 % point of 4000 values, whose own standard error is 4 % of the distance to the middle.
    expect(Math.abs(interval.high - accuracy - half)).toBeLessThan(0.1 * half);
    expect(Math.abs(accuracy - interval.low - half)).toBeLessThan(0.1 * half);
  });

  it.each([
    ['of many groups that differ', 70_000, (i: number) => i, 40],
    ['of few', 500, (i: number) => i % 2, 6000],
  ])(
    '%s pauses, and ends where the pause throws',
    async (_, count, of, resamples) => {
      const groups = Array.from({ length: count }, (_group, i) => `group ${i}`);
      let pauses = 0;
      let draws = 0;
      const options: BootstrapOptions = {
        groups,
        values: [groups.map((_group, i) => of(i)), groups.map(() => 1)],
        statistic: mean,
        random: () => {
          draws++;
          return 0.5;
        },
        resamples,
        pause: () => {
          if (++pauses === 2) return Promise.reject(new Error('enough'));
          return Promise.resolve();
        },
      };
      await expect(bootstrapInterval(options)).rejects.toThrow('enough');
      // About a million draws before each pause; never more than one resample beyond it.
      expect(draws).toBeGreaterThanOrEqual(2_000_000);
      expect(draws).toBeLessThanOrEqual(2_000_000 + 2 * count);
    },
  );

  it.each<[string, Partial<BootstrapOptions>, RegExp]>([
    ['one group', { groups: ['a', 'a'] }, /1 groups, expected at least 2/],
    ['no resamples', { resamples: 0 }, /resamples is 0/],
    ['a level of 95', { level: 95 }, /level is 95, expected \(0, 1\)/],
    [
      'a list that is too short',
      { values: [[1, 2], [1]] },
      /values\[1\] has 1 numbers, expected 2/,
    ],
    [
      'a value that is not a number',
      { values: [[1, NaN]] },
      /values\[0\]\[1\] is NaN, expected a finite number/,
    ],
    [
      'a statistic without a denominator',
      { statistic: () => NaN },
      /the statistic of resample 0 is NaN/,
    ],
    ['a random number of 1', { random: () => 1 }, /random gave 1/],
  ])('refuses %s', async (_, change, message) => {
    const asked = bootstrapInterval({
      groups: ['a', 'b'],
      values: [[1, 2]],
      statistic: ([sum = NaN]) => sum,
      random: () => 0,
      ...change,
    });
    await expect(asked).rejects.toThrow(MetricsInputError);
    await expect(asked).rejects.toThrow(message);
  });
});

describe('bootstrap', () => {
  const groups = Array.from({ length: 12 }, (_group, i) => `group ${i}`);

  it('leaves out resamples of which the figure is undefined, up to 5 %, and then has none', async () => {
    // Without a case of the first k groups, of which one must be drawn: probability (1 − k/12)¹².
    const undefinedWithoutOneOf = (k: number) => ({
      values: [groups.map((_group, i) => Number(i < k)), groups.map(() => 1)],
      statistic: ([some = NaN, all = NaN]: readonly number[]) =>
        some === 0 ? null : some / all,
    });
    const few = await bootstrap(
      figureOfSums(groups, undefinedWithoutOneOf(3)),
      { random: uniformFrom(1) },
    );
    expect(few.undefinedResamples / 2000).toBeCloseTo(0.75 ** 12, 2);
    expect(few.undefinedResamples).toBeGreaterThan(0);
    expect(few.interval?.low).toBeGreaterThan(0);
    const many = await bootstrap(
      figureOfSums(groups, undefinedWithoutOneOf(1)),
      { random: uniformFrom(1) },
    );
    expect(many).toMatchObject({
      interval: null,
      reason: `the figure is undefined in ${many.undefinedResamples} of 2000 resamples`,
    });
    const never = await bootstrap(
      figureOfSums(groups, undefinedWithoutOneOf(0)),
      { random: uniformFrom(1), method: 'bca' },
    );
    expect(never).toMatchObject({
      interval: null,
      reason: 'the figure is undefined of all cases',
    });
  });

  it('is not given of a figure that says that it can have none', async () => {
    const values = groups.map((_group, i) => i);
    const figure = figureOfSums(groups, {
      values: [values, values.map(() => 1)],
      statistic: mean,
    });
    const found = await bootstrap(
      { ...figure, noInterval: 'it is biased' },
      { random: uniformFrom(1) },
    );
    expect(found).toMatchObject({ interval: null, reason: 'it is biased' });
  });

  it('is by percentiles where BCa cannot be computed, and says so', async () => {
    const values = groups.map((_group, i) => i);
    const constant = figureOfSums(groups, {
      values: [values, values.map(() => 1)],
      statistic: () => 0.5,
    });
    const options = { random: uniformFrom(1), method: 'bca' as const };
    expect(await bootstrap(constant, options)).toMatchObject({
      interval: { low: 0.5, high: 0.5 },
      method: 'percentile',
    });
    const undefinedWithoutOne = figureOfSums(groups, {
      values: [values.map((value) => Number(value < 6)), values.map(() => 1)],
      statistic: ([few = NaN, all = NaN]) =>
        all < groups.length ? null : few / all,
    });
    expect(await bootstrap(undefinedWithoutOne, options)).toMatchObject({
      method: 'percentile',
      undefinedResamples: 0,
    });
  });

  it('gives the same of kinds as of single groups, by both methods', async () => {
    const right = groups.map((_group, i) => Number(i % 3 === 0));
    const ones = groups.map(() => 1);
    for (const method of ['percentile', 'bca'] as const) {
      const ofKinds = await bootstrap(
        figureOfSums(groups, { values: [right, ones], statistic: mean }),
        { random: uniformFrom(7), method },
      );
      const ofGroups = await bootstrap(
        figureOfWeights(groups, (weights) =>
          mean([
            weights.reduce((sum, w, i) => sum + w * (right[i] ?? NaN), 0),
            weights.reduce((sum, w) => sum + w, 0),
          ]),
        ),
        { random: uniformFrom(7), method },
      );
      expect(ofKinds.interval).not.toBeNull();
      expect(ofKinds.interval?.low).toBeCloseTo(
        ofGroups.interval?.low ?? NaN,
        9,
      );
      expect(ofKinds.interval?.high).toBeCloseTo(
        ofGroups.interval?.high ?? NaN,
        9,
      );
      expect(ofKinds).toMatchObject({ method });
    }
  });
});

describe('binomial', () => {
  it.each(fixture().binomial)(
    'is distributed as scipy says: $trials trials, p = $p',
    ({ trials, p, sample, from, expected, chiSquared }) => {
      const random = uniformFrom(trials);
      const found = expected.map(() => 0);
      let [least, most] = [trials, 0];
      for (let i = 0; i < sample; i++) {
        const drawn = binomial(trials, p, random);
        least = Math.min(least, drawn);
        most = Math.max(most, drawn);
        const cell = from.findLastIndex((edge) => edge <= drawn);
        found[cell] = (found[cell] ?? NaN) + 1;
      }
      expect(least).toBeGreaterThanOrEqual(0);
      expect(most).toBeLessThanOrEqual(trials);
      const distance = expected.reduce(
        (sum, count, cell) => sum + ((found[cell] ?? NaN) - count) ** 2 / count,
        0,
      );
      expect(distance).toBeLessThan(chiSquared);
    },
  );

  it('has no choice where p is 0 or 1', () => {
    const random = uniformFrom(1);
    expect(binomial(1_000_000, 0, random)).toBe(0);
    expect(binomial(1_000_000, 1, random)).toBe(1_000_000);
    expect(binomial(0, 0.3, random)).toBe(0);
  });
});

/** The mean of `[values, ones]`. */
function mean([sum = NaN, count = NaN]: readonly number[]): number {
  return sum / count;
}

/** Marsaglia's xorshift32: uniform in [0, 1). */
function uniformFrom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

function fixture() {
  const file = new URL('../../fixtures/scikit-learn.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as {
    readonly bootstrapF1: {
      readonly groups: readonly string[];
      readonly labels: readonly number[];
      readonly predictions: readonly number[];
      readonly uniform: readonly number[];
      readonly resamples: number;
      readonly level: number;
      readonly low: number;
      readonly high: number;
    };
    readonly binomial: readonly {
      readonly trials: number;
      readonly p: number;
      readonly sample: number;
      /** the least number of each cell */
      readonly from: readonly number[];
      readonly expected: readonly number[];
      readonly chiSquared: number;
    }[];
  };
}
