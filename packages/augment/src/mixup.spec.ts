import { RandomStream, ShapeError } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AugmentationError, beta, mixRows, mixup } from './index.js';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Central moment. */
const moment = (values: readonly number[], order: number): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** order));
};

describe('beta', () => {
  it.each([
    [0.05, 0.05],
    [0.2, 0.2],
    [1, 1],
    [4, 4],
    [2, 5],
    [0.5, 3],
  ])('of %d and %d has its mean and variance', (a, b) => {
    const random = new RandomStream(5, 'beta', `${a} ${b}`);
    const count = 40_000;
    const draws = Array.from({ length: count }, () => beta(a, b, random));
    expect(draws.every((value) => value >= 0 && value <= 1)).toBe(true);
    const variance = (a * b) / ((a + b) ** 2 * (a + b + 1));
    // Four standard errors, with the sample's own moments for that of the variance.
    const found = moment(draws, 2);
    expect(Math.abs(mean(draws) - a / (a + b))).toBeLessThan(
      4 * Math.sqrt(variance / count),
    );
    expect(Math.abs(found - variance)).toBeLessThan(
      4 * Math.sqrt((moment(draws, 4) - found ** 2) / count),
    );
  });

  it('of 1 and 1 is uniform, and of 2 and 1 has the square as its distribution', () => {
    const random = new RandomStream(5, 'beta');
    const count = 20_000;
    for (const [a, power] of [
      [1, 1],
      [2, 2],
    ] as const) {
      const sorted = Array.from({ length: count }, () =>
        beta(a, 1, random),
      ).sort((x, y) => x - y);
      const distance = Math.max(
        ...sorted.map((x, i) => Math.abs(x ** power - (i + 0.5) / count)),
      );
      // Kolmogorov–Smirnov: above 1.95/√n once in a thousand.
      expect(distance).toBeLessThan(1.95 / Math.sqrt(count));
    }
  });

  it('of very small numbers is 0 or 1, evenly', () => {
    const random = new RandomStream(5, 'small');
    const draws = Array.from({ length: 4000 }, () => beta(1e-6, 1e-6, random));
    expect(new Set(draws)).toEqual(new Set([0, 1]));
    // Four standard errors of half of 4,000.
    expect(Math.abs(mean(draws) - 0.5)).toBeLessThan(2 / Math.sqrt(4000));
  });
});

describe('mixRows', () => {
  const shares = fc.double({ min: 0, max: 1, noNaN: true });

  it('gives λ of the own and 1 − λ of the other’s, as they were before', () => {
    const rows = Float32Array.of(1, 2, 10, 20, 100, 200);
    const mixed = mixRows(rows, [
      { partner: 1, share: 0.75 },
      { partner: 0, share: 0.5 },
      { partner: 2, share: 0.1 },
    ]);
    expect([...mixed]).toEqual([3.25, 6.5, 5.5, 11, 100, 200]);
    expect([...rows]).toEqual([1, 2, 10, 20, 100, 200]);
  });

  it('of the same with the same is the same, to the bit', () => {
    // Adding 0 leaves out −0, of which this makes 0.
    const values = fc
      .float({ noNaN: true, min: -1000, max: 1000 })
      .map((value) => value + 0);
    fc.assert(
      fc.property(values, shares, (value, share) => {
        const rows = Float32Array.of(value, value);
        const mixture = [
          { partner: 1, share },
          { partner: 0, share },
        ];
        expect(mixRows(rows, mixture)).toEqual(rows);
      }),
    );
  });

  it('leaves distributions distributions', () => {
    fc.assert(
      fc.property(shares, shares, shares, (p, q, share) => {
        const rows = Float32Array.of(p, 1 - p, q, 1 - q);
        const [a = NaN, b = NaN] = mixRows(rows, [
          { partner: 1, share },
          { partner: 0, share: 1 },
        ]);
        expect(a + b).toBeCloseTo(1, 6);
        expect(Math.min(a, b)).toBeGreaterThanOrEqual(-1e-7);
      }),
    );
  });

  it('refuses rows that do not fit', () => {
    const mixture = { partner: 0, share: 1 };
    expect(() => mixRows(new Float32Array(3), [mixture, mixture])).toThrow(
      ShapeError,
    );
    expect(() =>
      mixRows(new Float32Array(2), [mixture, { partner: 2, share: 0.5 }]),
    ).toThrow(ShapeError);
  });
});

describe('mixup', () => {
  const draws = (
    options: Parameters<typeof mixup>[0],
    count: number,
  ): ReturnType<ReturnType<typeof mixup>['draw']>[] => {
    const random = new RandomStream(2, 'mixup');
    const made = mixup(options);
    return Array.from({ length: count }, () => made.draw(3, 8, random));
  };

  it('leaves the larger share to the nodule, and takes every partner equally often', () => {
    const found = draws({ alpha: 0.4 }, 8000);
    expect(found.every(({ share }) => share >= 0.5 && share <= 1)).toBe(true);
    const counts = Array.from(
      { length: 8 },
      (_, i) => found.filter(({ partner }) => partner === i).length,
    );
    // Chi-squared with 7 degrees of freedom: above 24.3 once in a thousand.
    const chi = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(24.3);
  });

  it('mixes as often as it should', () => {
    const found = draws({ probability: 0.25 }, 4000);
    const left = found.filter(({ share }) => share === 1).length;
    // Four standard errors; shares of exactly 1 by chance are rare.
    expect(Math.abs(left / 4000 - 0.75)).toBeLessThan(
      4 * Math.sqrt(0.1875 / 4000) + 0.001,
    );
  });

  it('refuses an α that is not above 0', () => {
    for (const alpha of [0, -1, NaN]) {
      expect(() => mixup({ alpha })).toThrow(
        new AugmentationError(
          `alpha is ${alpha}, expected a number above 0; to do without, leave mixup out`,
        ),
      );
    }
  });
});
