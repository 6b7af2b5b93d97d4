import { perAttribute } from '@clip-lung/lidc';
import { RandomStream } from '@clip-lung/tensor';
import { expect, it } from 'vitest';

import { drawFinders, drawReader, rate } from './readers.js';

const random = new RandomStream(1, 'readers');
const readers = Array.from({ length: 4 }, () => drawReader(random));

it('lets at least one reader find every nodule, and most find an obvious one', () => {
  const found = (subtlety: number): readonly number[] =>
    Array.from(
      { length: 400 },
      () => drawFinders(readers, subtlety, random).filter(Boolean).length,
    );
  const faint = found(1);
  const obvious = found(5);
  const mean = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(Math.min(...faint)).toBe(1);
  expect(mean(faint)).toBeLessThan(3.2);
  expect(mean(obvious)).toBeGreaterThan(3.7);
});

it('rates around the truth, within the ranges', () => {
  const truth = {
    attributes: {
      ...perAttribute(() => 3),
      internalStructure: 1,
      calcification: 6,
    },
    malignancy: 4.8,
  };
  const ratings = Array.from({ length: 500 }, () =>
    rate(drawReader(random), truth, random),
  );
  for (const rating of ratings) {
    expect(
      Object.values(rating).every(
        (value) => Number.isInteger(value) && value >= 1,
      ),
    ).toBe(true);
    expect(rating.malignancy).toBeLessThanOrEqual(5);
    expect(rating.calcification).toBe(6);
  }
  const mean =
    ratings.reduce((sum, { margin }) => sum + margin, 0) / ratings.length;
  // Deviation of one rating about 0.53, of the mean of 500 about 0.024.
  expect(Math.abs(mean - 3)).toBeLessThan(0.1);
});
