import { at } from '@clip-lung/tensor';

import { checkProbabilities } from '../check.js';
import { checkScores } from '../check-binary.js';
import type { Cases, Metric } from '../metric.js';
import type { OfWeights } from '../resampling/resampled-figure.js';

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, ties counting half, by the
 * Mann–Whitney statistic (Hanley & McNeil 1982).
 *
 * @param positive which of the N are positive
 * @param scores   higher means more positive, [N]
 * @returns in 0..1; undefined when all or none are positive
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is no number
 */
export function binaryAuc(
  positive: readonly boolean[],
  scores: readonly number[],
): number | undefined {
  checkScores(positive, scores);
  const above = sortedWhere(positive, scores, true);
  const below = sortedWhere(positive, scores, false);
  if (above.length === 0 || below.length === 0) return undefined;
  return winsOf(above, below) / (above.length * below.length);
}

/** The scores of the positives, or of the others, ascending. */
export function sortedWhere(
  positive: readonly boolean[],
  scores: readonly number[],
  which: boolean,
): Float64Array {
  return Float64Array.from(
    scores.filter((_score, index) => positive[index] === which),
  ).sort();
}

/** Of all pairs, how many have the positive above, ties counting half. Both are sorted, so each is gone through once. */
function winsOf(positives: Float64Array, negatives: Float64Array): number {
  let wins = 0;
  let lower = 0;
  let notHigher = 0;
  for (const score of positives) {
    while (isBelow(negatives[lower], score)) lower++;
    while (
      isBelow(negatives[notHigher], score) ||
      negatives[notHigher] === score
    )
      notHigher++;
    wins += (lower + notHigher) / 2;
  }
  return wins;
}

/** Past the end of a list, nothing is below. */
function isBelow(one: number | undefined, other: number): boolean {
  return one !== undefined && one < other;
}

/** The AUC of each class against the rest. */
export interface OneVersusRestAuc {
  /** [K]; undefined where only one side has any */
  readonly perClass: readonly (number | undefined)[];
  /** mean over the classes that have one; undefined when none has */
  readonly macro: number | undefined;
}

/**
 * scikit-learn's `roc_auc_score(…, multi_class='ovr', average='macro')`, except that a class without nodules is left
 * out instead of refused.
 *
 * @param labels        class indices, [N]
 * @param probabilities [N, K]
 * @throws `MetricsInputError` for lists that do not fit
 */
export function oneVersusRestAuc(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): OneVersusRestAuc {
  const classes = checkProbabilities(labels, probabilities);
  const perClass = Array.from({ length: classes }, (_value, index) =>
    binaryAuc(
      labels.map((label) => label === index),
      probabilities.map((row) => at(row, index)),
    ),
  );
  const defined = perClass.filter((value) => value !== undefined);
  const total = defined.reduce((sum, value) => sum + value, 0);
  return {
    perClass,
    macro: defined.length === 0 ? undefined : total / defined.length,
  };
}

/** The macro AUC by weights: null where all nodules of a class that has one are gone, since the mean of the others is another figure. */
function weightedMacroAuc({
  classes,
  labels,
  probabilities,
}: Cases): OfWeights {
  const areas = classes.flatMap((_name, index) => {
    const positive = labels.map((label) => label === index);
    return positive.includes(true) && positive.includes(false)
      ? [
          weightedAuc(
            positive,
            probabilities.map((row) => at(row, index)),
          ),
        ]
      : [];
  });
  return (weights) => {
    let total = 0;
    for (const area of areas) {
      const one = area(weights);
      if (one === null) return null;
      total += one;
    }
    return areas.length === 0 ? null : total / areas.length;
  };
}

/**
 * The AUC by weights. Scores are sorted once, so that each resample goes through them once.
 *
 * @returns a function that is null where one side has no weight
 */
function weightedAuc(
  positive: readonly boolean[],
  scores: readonly number[],
): OfWeights {
  const order = Uint32Array.from(scores, (_score, index) => index).sort(
    (one, other) => at(scores, one) - at(scores, other),
  );
  const isPositive = Uint8Array.from(order, (i) => (positive[i] ? 1 : 0));
  const isTied = Uint8Array.from(order, (i, place) =>
    place > 0 && scores[i] === scores[at(order, place - 1)] ? 1 : 0,
  );
  return (weights) => {
    let wins = 0;
    let below = 0;
    let above = 0;
    // Of the scores that are tied with the present one.
    let tiedPositive = 0;
    let tiedNegative = 0;
    for (let place = 0; place < order.length; place++) {
      if (isTied[place] === 0) {
        wins += tiedPositive * (below + tiedNegative / 2);
        below += tiedNegative;
        above += tiedPositive;
        tiedPositive = 0;
        tiedNegative = 0;
      }
      const weight = weights[order[place] as number] as number;
      if (isPositive[place] === 1) tiedPositive += weight;
      else tiedNegative += weight;
    }
    wins += tiedPositive * (below + tiedNegative / 2);
    below += tiedNegative;
    above += tiedPositive;
    return below === 0 || above === 0 ? null : wins / (below * above);
  };
}

export const aucMetric = {
  name: 'auc',
  label: 'AUC',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'higher',
  perClass: { name: 'auc', label: 'AUC' },
  isCompared: true,
  undefinedWhen: 'all nodules are of one class',
  measure({ labels, probabilities }) {
    const { macro, perClass } = oneVersusRestAuc(labels, probabilities);
    return {
      value: macro ?? null,
      perClass: perClass.map((area) => area ?? null),
    };
  },
  weighted: weightedMacroAuc,
} as const satisfies Metric;
