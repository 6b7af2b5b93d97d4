import { checkScores } from '../check-binary.js';
import type { Cases, Metric } from '../metric.js';
import { oneVersusRest } from '../one-versus-rest.js';
import type { OfWeights } from '../resampling/resampled-figure.js';
import { eachThreshold, rankingOf } from './threshold-counts.js';

/**
 * Average precision, the area under the precision–recall curve as a sum of steps: Σ (Rₙ − Rₙ₋₁)·Pₙ over falling thresholds.
 * What chance reaches is the part of positives, not 0.5. scikit-learn's `average_precision_score`.
 *
 * @param positive which of the N are positive
 * @param scores   higher means more positive, [N]
 * @returns in 0..1; undefined where none is positive
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is not a number
 */
export function averagePrecision(
  positive: readonly boolean[],
  scores: readonly number[],
): number | undefined {
  checkScores(positive, scores);
  const weights = new Float64Array(positive.length).fill(1);
  return weightedAveragePrecision(positive, scores)(weights) ?? undefined;
}

function weightedAveragePrecision(
  positive: readonly boolean[],
  scores: readonly number[],
): OfWeights {
  const ranking = rankingOf(positive, scores);
  return (weights) => {
    let total = 0;
    let before = 0;
    eachThreshold(ranking, weights, (truePositives, falsePositives) => {
      total +=
        ((truePositives - before) * truePositives) /
        (truePositives + falsePositives);
      before = truePositives;
    });
    return before === 0 ? null : total / before;
  };
}

function ofEachClass(cases: Cases) {
  return cases.classes.map((_name, index) => oneVersusRest(cases, index));
}

/** Of each class against the rest, and the mean over the classes that have nodules. */
export const averagePrecisionMetric = {
  name: 'averagePrecision',
  label: 'average precision',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'higher',
  perClass: { name: 'averagePrecision', label: 'average precision' },
  undefinedWhen: 'a class has no nodules',
  measure(cases) {
    const perClass = ofEachClass(cases).map(
      ({ positive, scores }) => averagePrecision(positive, scores) ?? null,
    );
    const defined = perClass.filter((one) => one !== null);
    const total = defined.reduce((sum, one) => sum + one, 0);
    return { value: total / defined.length, perClass };
  },
  weighted(cases) {
    const areas = ofEachClass(cases)
      .filter(({ positive }) => positive.includes(true))
      .map(({ positive, scores }) =>
        weightedAveragePrecision(positive, scores),
      );
    return (weights) => {
      let total = 0;
      for (const area of areas) {
        const one = area(weights);
        if (one === null) return null;
        total += one;
      }
      return total / areas.length;
    };
  },
} as const satisfies Metric;
