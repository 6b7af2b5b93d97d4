import { at } from '@clip-lung/tensor';

import { MetricsInputError } from '../error.js';

export interface BinOptions {
  /** 10 by default */
  readonly bins?: number;
  /** bins of equal width over 0..1, closed above, or of about equally many nodules each. Equal probabilities are never divided. Default: width */
  readonly by?: 'width' | 'count';
}

/** Bins over 0..1, (low, high], the first with its low end. */
export interface ProbabilityBins {
  readonly edges: readonly (readonly [low: number, high: number])[];
  /** of each probability, its bin, [N] */
  readonly binOf: readonly number[];
}

/** @throws {@link MetricsInputError} for no bins */
export function probabilityBins(
  probabilities: readonly number[],
  { bins = 10, by = 'width' }: BinOptions,
): ProbabilityBins {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new MetricsInputError(`bins is ${bins}, expected at least 1`);
  }
  const highs =
    by === 'width'
      ? Array.from({ length: bins }, (_bin, index) => (index + 1) / bins)
      : highsByCount(probabilities, bins);
  return {
    edges: highs.map((high, index) => [
      index === 0 ? 0 : at(highs, index - 1),
      high,
    ]),
    binOf: probabilities.map((p) => {
      const bin = highs.findIndex((high) => p <= high);
      // Rounding may take a probability beyond 1.
      return bin < 0 ? highs.length - 1 : bin;
    }),
  };
}

/** Fewer bins than asked for where many probabilities are equal. */
function highsByCount(
  probabilities: readonly number[],
  bins: number,
): readonly number[] {
  const sorted = Float64Array.from(probabilities).sort();
  const highs = Array.from({ length: bins - 1 }, (_bin, index) =>
    at(sorted, Math.ceil(((index + 1) * sorted.length) / bins) - 1, 'values'),
  );
  return [...new Set([...highs.filter((high) => high < 1), 1])];
}
