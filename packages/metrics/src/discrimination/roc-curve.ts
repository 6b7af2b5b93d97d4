import { checkScores } from '../check-binary.js';
import { eachThreshold, rankingOf } from './threshold-counts.js';

/** What answering "positive" at or above a threshold comes to. */
export interface OperatingPoint {
  /** Infinity where nothing is positive */
  readonly threshold: number;
  /** the part of the positives at or above it */
  readonly sensitivity: number;
  /** the part of the negatives below it */
  readonly specificity: number;
}

/**
 * The ROC curve: every operating point, from the highest threshold. scikit-learn's `roc_curve(…, drop_intermediate=False)`.
 *
 * @returns the first has threshold Infinity, then one for each score that there is; undefined where all or none are positive
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is not a number
 */
export function rocCurve(
  positive: readonly boolean[],
  scores: readonly number[],
): readonly OperatingPoint[] | undefined {
  checkScores(positive, scores);
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  const points: OperatingPoint[] = [
    { threshold: Infinity, sensitivity: 0, specificity: 1 },
  ];
  eachThreshold(
    rankingOf(positive, scores),
    new Float64Array(positive.length).fill(1),
    (truePositives, falsePositives, threshold) => {
      points.push({
        threshold,
        sensitivity: truePositives / positives,
        specificity: (negatives - falsePositives) / negatives,
      });
    },
  );
  return points;
}
