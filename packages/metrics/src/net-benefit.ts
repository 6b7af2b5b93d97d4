import { checkEventProbabilities, checkPart } from './check-binary.js';
import type { Metric } from './metric.js';
import { oneVersusRest } from './one-versus-rest.js';

/** What it is worth to treat those whose probability reaches a threshold, in true positives a nodule. */
export interface NetBenefit {
  readonly threshold: number;
  /** by the probabilities: TP/N − FP/N · t/(1 − t) */
  readonly model: number;
  /** of treating all. Treating none is worth 0 */
  readonly all: number;
}

/**
 * Decision curve: the net benefit at each threshold, for an event such as "malignant" against the rest. The threshold t says what a
 * false positive costs: t/(1 − t) of what a true positive is worth.
 *
 * @param positive      which of the N are events
 * @param probabilities of the event, [N]; at the threshold itself one is treated
 * @param thresholds    each in (0, 1)
 * @throws `MetricsInputError` for lists that do not fit, or a threshold outside
 * @see Vickers & Elkin, Medical Decision Making 26 (2006)
 */
export function decisionCurve(
  positive: readonly boolean[],
  probabilities: readonly number[],
  thresholds: readonly number[],
): readonly NetBenefit[] {
  checkEventProbabilities(positive, probabilities);
  return thresholds.map((threshold) => {
    checkPart(threshold, 'a threshold');
    const treated = probabilities.map((p) => p >= threshold);
    const everybody = positive.map(() => true);
    return {
      threshold,
      model: worth(positive, treated, threshold),
      all: worth(positive, everybody, threshold),
    };
  });
}

function worth(
  positive: readonly boolean[],
  treated: readonly boolean[],
  threshold: number,
): number {
  let [truePositives, falsePositives] = [0, 0];
  for (const [i, is] of positive.entries()) {
    if (treated[i] !== true) continue;
    if (is) truePositives++;
    else falsePositives++;
  }
  const odds = threshold / (1 - threshold);
  return (truePositives - falsePositives * odds) / positive.length;
}

export interface NetBenefitOptions {
  /** the event, an index; the others are the rest */
  readonly positiveClass: number;
  /** in (0, 1) */
  readonly threshold: number;
}

/** The net benefit at one threshold, as a metric. @throws `MetricsInputError` for a threshold outside (0, 1) */
export function netBenefitMetric({
  positiveClass,
  threshold,
}: NetBenefitOptions): Metric {
  checkPart(threshold, 'the threshold');
  const odds = threshold / (1 - threshold);
  return {
    name: 'netBenefit',
    label: `net benefit at ${100 * threshold} %`,
    shownAs: 'decimal',
    range: [-odds, 1],
    better: 'higher',
    measure(cases) {
      const { positive, scores } = oneVersusRest(cases, positiveClass);
      checkEventProbabilities(positive, scores);
      const treated = scores.map((p) => p >= threshold);
      return { value: worth(positive, treated, threshold) };
    },
    resampled(cases) {
      const { positive, scores } = oneVersusRest(cases, positiveClass);
      checkEventProbabilities(positive, scores);
      return {
        values: [
          scores.map((p, i) => (p >= threshold && positive[i] ? 1 : 0)),
          scores.map((p, i) => (p >= threshold && !positive[i] ? 1 : 0)),
          scores.map(() => 1),
        ],
        statistic: ([truePositives = NaN, falsePositives = NaN, all = NaN]) =>
          (truePositives - falsePositives * odds) / all,
      };
    },
  };
}
