import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { MetricsInputError, rankCorrelation } from './index.js';

const file = new URL('../fixtures/statistics.json', import.meta.url);
const { rankCorrelation: cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly rankCorrelation: readonly {
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly value: number | null;
  }[];
};

describe('Spearman’s rank correlation', () => {
  it.each(cases)("is scipy's: $value", ({ a, b, value }) => {
    const found = rankCorrelation(a, b);
    if (value === null) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(value, 12);
  });

  it('depends on the order alone', () => {
    const a = [0.3, -2, 5, 1.5, 1.5];
    const b = [1, 0, 7, 7, 2];
    const found = rankCorrelation(a, b);
    expect(rankCorrelation(b, a.map(Math.exp))).toBeCloseTo(found ?? NaN, 12);
    expect(
      rankCorrelation(
        a,
        b.map((value) => -value),
      ),
    ).toBeCloseTo(-(found ?? NaN), 12);
  });

  it('refuses lists that do not fit, and what has no rank', () => {
    expect(() => rankCorrelation([1, 2], [1])).toThrow(MetricsInputError);
    expect(() => rankCorrelation([], [])).toThrow('0 and 0 values');
    expect(() => rankCorrelation([1, NaN], [1, 2])).toThrow(
      'value 1 of a rank correlation is NaN',
    );
  });
});
