import { MetricsInputError } from './error.js';

/** `mean ± deviation` over folds, as papers print it. */
export interface MeanDeviation {
  readonly mean: number;
  /** sample standard deviation, divisor n − 1 */
  readonly deviation: number;
}

/** @throws {@link MetricsInputError} for fewer than two values, of which no deviation can be told */
export function meanDeviation(values: readonly number[]): MeanDeviation {
  if (values.length < 2) {
    throw new MetricsInputError(
      `there are ${values.length} values, expected at least 2`,
    );
  }
  const mean =
    values.reduce((total, value) => total + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
