import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  fourOutputs,
  twoOutputs,
  type WinogradMatrices,
} from './winograd-matrices.js';

const times = (
  matrix: readonly (readonly number[])[],
  vector: readonly number[],
): number[] =>
  matrix.map((row) =>
    row.reduce((sum, value, i) => sum + value * (vector[i] ?? NaN), 0),
  );

const numbers = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: -9, max: 9 }), {
    minLength: length,
    maxLength: length,
  });

it.each([
  ['F(2, 3)', twoOutputs, 2],
  ['F(4, 3)', fourOutputs, 4],
] as const)(
  '%s finds what sliding the filter finds',
  (_, matrices: WinogradMatrices, outputs) => {
    const { points, input, output, filter } = matrices;
    expect([matrices.outputs, points]).toEqual([outputs, outputs + 2]);
    fc.assert(
      fc.property(numbers(points), numbers(3), (x, w) => {
        const left = times(filter, w);
        const right = times(input, x);
        const found = times(
          output,
          left.map((value, i) => value * (right[i] ?? NaN)),
        );
        const expected = found.map((__, i) =>
          w.reduce((sum, value, k) => sum + value * (x[i + k] ?? NaN), 0),
        );
        found.forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i] ?? NaN, 9);
        });
      }),
    );
  },
);
