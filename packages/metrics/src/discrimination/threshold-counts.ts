import { at } from '@clip-lung/tensor';

/** Cases by falling score, sorted once for all resamples. */
export interface Ranking {
  /** case indices by falling score, [N] */
  readonly order: Uint32Array;
  /** scores in that order, [N] */
  readonly scores: Float64Array;
  /** in that order, 1 where a case is positive, [N] */
  readonly isPositive: Uint8Array;
  /** in that order, 1 where the next one has the same score, [N] */
  readonly isTiedWithNext: Uint8Array;
}

export function rankingOf(
  positive: readonly boolean[],
  scores: readonly number[],
): Ranking {
  const order = Uint32Array.from(scores, (_score, index) => index).sort(
    (one, other) => at(scores, other) - at(scores, one),
  );
  const sorted = Float64Array.from(order, (i) => at(scores, i));
  return {
    order,
    scores: sorted,
    isPositive: Uint8Array.from(order, (i) => (positive[i] === true ? 1 : 0)),
    isTiedWithNext: Uint8Array.from(sorted, (score, place) =>
      score === sorted[place + 1] ? 1 : 0,
    ),
  };
}

/** @param threshold the score at which these are counted; positives and others at or above it, weighed */
type Visit = (
  truePositives: number,
  falsePositives: number,
  threshold: number,
) => void;

/**
 * Goes through the thresholds from the highest, each with what lies at or above it. Those at which nothing of the sample lies are
 * passed over.
 *
 * @param weights of each case, [N]
 */
export function eachThreshold(
  { order, scores, isPositive, isTiedWithNext }: Ranking,
  weights: Float64Array,
  visit: Visit,
): void {
  let truePositives = 0;
  let falsePositives = 0;
  let isNew = false;
  for (let place = 0; place < order.length; place++) {
    const weight = weights[order[place] as number] as number;
    if (weight > 0) {
      isNew = true;
      if (isPositive[place] === 1) truePositives += weight;
      else falsePositives += weight;
    }
    if (!isNew || isTiedWithNext[place] === 1) continue;
    isNew = false;
    visit(truePositives, falsePositives, scores[place] as number);
  }
}
