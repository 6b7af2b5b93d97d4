import { at } from '@clip-lung/tensor';

/** How many are at or above a threshold, weighed. */
export interface ThresholdCounts {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** Cases by falling score, sorted once for all resamples. */
export interface Ranking {
  /** case indices by falling score, [N] */
  readonly order: Uint32Array;
  /** of each place, whether the next one has the same score */
  readonly isTiedWithNext: Uint8Array;
}

export function rankingOf(scores: readonly number[]): Ranking {
  const order = Uint32Array.from(scores, (_score, index) => index).sort(
    (one, other) => at(scores, other) - at(scores, one),
  );
  return {
    order,
    isTiedWithNext: Uint8Array.from(order, (i, place) =>
      place + 1 < order.length && scores[i] === scores[at(order, place + 1)]
        ? 1
        : 0,
    ),
  };
}

/**
 * Goes through the thresholds from the highest, each with what lies at or above it. Thresholds at which nothing of the sample
 * lies are passed over.
 *
 * @param weights of each case, [N]; 1 by default
 */
export function eachThreshold(
  { order, isTiedWithNext }: Ranking,
  positive: readonly boolean[],
  {
    scores,
    weights,
    visit,
  }: {
    readonly scores: readonly number[];
    readonly weights?: ArrayLike<number>;
    readonly visit: (counts: ThresholdCounts) => void;
  },
): void {
  let truePositives = 0;
  let falsePositives = 0;
  let isNew = false;
  for (let place = 0; place < order.length; place++) {
    const i = order[place] as number;
    const weight = weights === undefined ? 1 : (weights[i] as number);
    if (positive[i] === true) truePositives += weight;
    else falsePositives += weight;
    isNew ||= weight > 0;
    if (isTiedWithNext[place] === 1 || !isNew) continue;
    isNew = false;
    visit({ threshold: at(scores, i), truePositives, falsePositives });
  }
}
