import { checkScores } from '../check-binary.js';
import { eachThreshold, rankingOf } from './threshold-counts.js';

/** What answering "positive" at or above a threshold finds, and how much of that is right. */
export interface PrecisionRecallPoint {
  readonly threshold: number;
  /** the part of the positives at or above it */
  readonly recall: number;
  /** of those at or above it, the part that is positive */
  readonly precision: number;
}

/**
 * The precision–recall curve, from the highest threshold. scikit-learn's `precision_recall_curve`, which goes the other way
 * and ends with a point of recall 0 that no threshold has.
 *
 * @returns a point for each score that there is; undefined where none is positive
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is not a number
 */
export function precisionRecallCurve(
  positive: readonly boolean[],
  scores: readonly number[],
): readonly PrecisionRecallPoint[] | undefined {
  checkScores(positive, scores);
  const positives = positive.filter(Boolean).length;
  if (positives === 0) return undefined;
  const points: PrecisionRecallPoint[] = [];
  eachThreshold(
    rankingOf(positive, scores),
    new Float64Array(positive.length).fill(1),
    (truePositives, falsePositives, threshold) => {
      points.push({
        threshold,
        recall: truePositives / positives,
        precision: truePositives / (truePositives + falsePositives),
      });
    },
  );
  return points;
}
