import { at } from '@clip-lung/tensor';

import { checkProbabilities } from '../check.js';
import { MetricsInputError } from '../error.js';
import type { Metric } from '../metric.js';

/** The nodules whose confidence falls into (low, high]. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** mean confidence; 0 in an empty bin */
  readonly confidence: number;
  /** fraction of right answers; 0 in an empty bin */
  readonly accuracy: number;
}

const defaultBins = 15;

export interface CalibrationOptions {
  /** how many bins of equal width divide 0..1; 15 by default, as in the paper */
  readonly bins?: number;
}

/**
 * Confidence against accuracy. A nodule's confidence is its largest probability, and it is right when that class (the
 * first of equals) is its label. Bins are of equal width and closed above: (0, 1/15], (1/15, 2/15], …; 0 itself falls into the first.
 *
 * @param labels        class indices, [N]
 * @param probabilities [N, K], in 0..1
 * @returns the bins in order, empty ones included
 * @throws `MetricsInputError` for lists that do not fit, or no bins
 * @see Guo et al., On Calibration of Modern Neural Networks, ICML 2017, §2
 */
export function calibrationBins(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
  { bins = defaultBins }: CalibrationOptions = {},
): readonly CalibrationBin[] {
  const { binOf, confidences, isRight } = confidencesOf(
    labels,
    probabilities,
    bins,
  );
  const tallies = Array.from({ length: bins }, (_bin, index) => ({
    low: index / bins,
    high: (index + 1) / bins,
    count: 0,
    confidence: 0,
    right: 0,
  }));
  for (const [index, bin] of binOf.entries()) {
    const tally = at(tallies, bin);
    tally.count++;
    tally.confidence += at(confidences, index);
    tally.right += at(isRight, index);
  }
  return tallies.map(({ low, high, count, confidence, right }) => ({
    low,
    high,
    count,
    confidence: count === 0 ? 0 : confidence / count,
    accuracy: count === 0 ? 0 : right / count,
  }));
}

/** Of each nodule, its confidence, whether its answer is right (1) or not (0), and its bin. */
function confidencesOf(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
  bins: number,
) {
  checkProbabilities(labels, probabilities);
  if (!Number.isInteger(bins) || bins < 1) {
    throw new MetricsInputError(`bins is ${bins}, expected at least 1`);
  }
  const highs = Array.from(
    { length: bins },
    (_bin, index) => (index + 1) / bins,
  );
  const confidences = probabilities.map((row) => Math.max(...row));
  return {
    confidences,
    isRight: probabilities.map((row, index) =>
      row.indexOf(at(confidences, index)) === labels[index] ? 1 : 0,
    ),
    binOf: confidences.map((confidence) => {
      const bin = highs.findIndex((high) => confidence <= high);
      // Rounding may take a probability beyond 1.
      return bin < 0 ? bins - 1 : bin;
    }),
  };
}

/**
 * Expected calibration error: the mean over nodules of |accuracy − confidence| of their bin, in 0..1.
 * It depends on the bins, and on few nodules it is biased upwards: a perfectly calibrated classifier does not reach 0.
 *
 * @throws `MetricsInputError` for lists that do not fit, or no bins
 * @see Guo et al., ICML 2017, equation 3; and {@link calibrationBins}
 */
export function expectedCalibrationError(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
  options: CalibrationOptions = {},
): number {
  const bins = calibrationBins(labels, probabilities, options);
  return bins.reduce(
    (total, { count, confidence, accuracy }) =>
      total + (count / labels.length) * Math.abs(accuracy - confidence),
    0,
  );
}

export const calibrationMetric = {
  name: 'ece',
  label: 'calibration error',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'lower',
  measure: ({ labels, probabilities }) => ({
    value: expectedCalibrationError(labels, probabilities),
  }),
  // Simulated, percentile intervals of 500 nodules hold the true error in 7 of 100 studies: resamples add to the bias once more.
  noInterval:
    'the calibration error of few nodules is too large, and that of their resamples larger still',
  weighted: ({ labels, probabilities }) => {
    const { binOf, confidences, isRight } = confidencesOf(
      labels,
      probabilities,
      defaultBins,
    );
    const excess = confidences.map(
      (confidence, i) => at(isRight, i) - confidence,
    );
    return (weights) => {
      const sums = new Float64Array(defaultBins);
      let total = 0;
      for (let i = 0; i < binOf.length; i++) {
        const weight = weights[i] as number;
        const bin = binOf[i] as number;
        sums[bin] = (sums[bin] as number) + weight * (excess[i] as number);
        total += weight;
      }
      return sums.reduce((sum, one) => sum + Math.abs(one), 0) / total;
    };
  },
} as const satisfies Metric;
