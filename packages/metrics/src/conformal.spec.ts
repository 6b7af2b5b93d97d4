import { RandomStream } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import {
  type ConformalCases,
  conformalSets,
  MetricsInputError,
} from './index.js';

describe('conformal sets', () => {
  it('hold the true class as often as asked for, over many calibrations', () => {
    const random = new RandomStream(1, 'test');
    const repeats = 1500;
    // With n scores of a class, a set holds it with probability ⌈(n + 1)·0.8⌉ / (n + 1): 0.8 for the 9 and the 19 here.
    const covered = [0, 0];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const calibration = drawn(random, [9, 19], `c`);
      const test = drawn(random, [1, 1], `t`);
      const { sets } = conformalSets({ calibration, test, coverage: 0.8 });
      for (const k of [0, 1]) {
        if (sets[k]?.includes(k)) covered[k] = (covered[k] ?? NaN) + 1;
      }
    }
    // Three standard errors of a proportion of 1500.
    const error = 3 * Math.sqrt((0.8 * 0.2) / repeats);
    for (const count of covered) {
      expect(Math.abs(count / repeats - 0.8)).toBeLessThan(error);
    }
  });

  it('rule no class out of which the calibration has too few nodules', () => {
    const calibration = cases([0, 0, 0, 0, 1], [0.9, 0.8, 0.7, 0.9, 0.2], 'c');
    const test = cases([0, 1], [0.99, 0.02], 't');
    const found = conformalSets({ calibration, test, coverage: 0.75 });
    expect(found.quantiles[1]).toBe(Infinity);
    expect(found.sets).toEqual([[0, 1], [1]]);
    expect(found.answers).toEqual([null, 1]);
    expect(found).toMatchObject({
      meanSize: 1.5,
      abstained: 0.5,
      accuracyOfAnswers: 1,
    });
  });

  it('abstain where no class belongs, and have no coverage of a class that is not there', () => {
    const calibration = cases([0, 0, 1, 1], [0.9, 0.95, 0.1, 0.05], 'c');
    const test = cases([0, 0], [0.5, 0.97], 't');
    const found = conformalSets({ calibration, test, coverage: 0.5 });
    expect(found.sets).toEqual([[], [0]]);
    expect(found.answers).toEqual([null, 0]);
    expect(found.coverage.proportion).toBe(0.5);
    expect(found.coverageByClass[1]).toBeNull();
    expect(found.coverageByClass[0]?.interval).not.toBeNull();
  });

  it.each<[string, Partial<Parameters<typeof conformalSets>[0]>, RegExp]>([
    [
      'a patient of both',
      { test: { ...cases([0], [0.5], 't'), patients: ['c0'] } },
      /patient "c0" is among those of the calibration and of the test/,
    ],
    ['a coverage of 90', { coverage: 90 }, /the coverage is 90/],
    [
      'other classes',
      {
        test: {
          labels: [0],
          probabilities: [[0.2, 0.3, 0.5]],
          patients: ['t'],
        },
      },
      /the test has 3 classes and the calibration 2/,
    ],
    [
      'fewer patients',
      { test: { ...cases([0, 1], [0.5, 0.4], 't'), patients: ['t'] } },
      /2 labels and 1 patients/,
    ],
  ])('refuse %s', (_name, change, message) => {
    const act = () =>
      conformalSets({
        calibration: cases([0, 1], [0.9, 0.1], 'c'),
        test: cases([0], [0.5], 't'),
        ...change,
      });
    expect(act).toThrow(MetricsInputError);
    expect(act).toThrow(message);
  });
});

function cases(
  labels: readonly number[],
  first: readonly number[],
  name: string,
): ConformalCases {
  return {
    labels,
    probabilities: first.map((p) => [p, 1 - p]),
    patients: labels.map((_label, i) => `${name}${i}`),
  };
}

function drawn(
  random: RandomStream,
  counts: readonly number[],
  name: string,
): ConformalCases {
  const labels = counts.flatMap((count, k) => new Array<number>(count).fill(k));
  return cases(
    labels,
    labels.map((label) => 1 / (1 + Math.exp(random.normal(2 * label - 1)))),
    name,
  );
}
