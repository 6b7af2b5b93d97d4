import { checkEventProbabilities } from '../check-binary.js';
import type { Metric } from '../metric.js';
import { oneVersusRest } from '../one-versus-rest.js';
import type { OfWeights } from '../resampling/resampled-figure.js';
import { fitLine, fitOffset } from './logistic-fit.js';

/** Where probabilities are calibrated, the first two are 0 and the slope is 1. */
export interface LogisticRecalibration {
  /** calibration in the large: a of logit P(event) = a + logit p. Above 0, the probabilities are too low on the whole */
  readonly inTheLarge: number;
  /** a of logit P(event) = a + b·logit p */
  readonly intercept: number;
  /** b of that. Below 1, the probabilities are too extreme, as of a model that was fitted too closely */
  readonly slope: number;
}

/**
 * A logistic regression of the event on the logit of its probability, by maximum likelihood. A probability of 0 or 1, whose
 * logit is infinite, counts as 1e-7 from it, about where float32 ends.
 *
 * @param positive      which of the N are events
 * @param probabilities of the event, [N]
 * @returns undefined where there is no such fit: all or none are events, all probabilities are equal, or a threshold divides
 *   events from the others
 * @throws `MetricsInputError` for lists that do not fit, or probabilities outside of 0..1
 * @see Cox, Biometrika 45 (1958); Van Calster et al., J. Clin. Epidemiology 74 (2016), "weak calibration"
 */
export function logisticRecalibration(
  positive: readonly boolean[],
  probabilities: readonly number[],
): LogisticRecalibration | undefined {
  checkEventProbabilities(positive, probabilities);
  const logits = logitsOf(probabilities);
  const weights = new Float64Array(positive.length).fill(1);
  const line = fitLine(positive, logits, weights);
  const inTheLarge = fitOffset(positive, logits, weights);
  if (line === null || inTheLarge === null) return undefined;
  return { inTheLarge, ...line };
}

const nearest = 1e-7;

function logitsOf(probabilities: readonly number[]): Float64Array {
  return Float64Array.from(probabilities, (p) => {
    const kept = Math.min(Math.max(p, nearest), 1 - nearest);
    return Math.log(kept / (1 - kept));
  });
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationInTheLargeMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationInTheLarge',
    label: 'calibration in the large',
    better: { nearTo: 0 },
    undefinedWhen: 'all nodules, or none, are of the positive class',
    fit: fitOffset,
  });
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationInterceptMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationIntercept',
    label: 'calibration intercept',
    better: { nearTo: 0 },
    undefinedWhen: noLine,
    fit: (...data) => fitLine(...data)?.intercept ?? null,
  });
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationSlopeMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationSlope',
    label: 'calibration slope',
    better: { nearTo: 1 },
    undefinedWhen: noLine,
    fit: (...data) => fitLine(...data)?.slope ?? null,
  });
}

const noLine =
  'the probability of the positive class is equal for all nodules, or divides its nodules from the others';

function recalibrationMetric(
  positiveClass: number,
  {
    fit,
    ...said
  }: Pick<Metric, 'name' | 'label' | 'better'> & {
    readonly undefinedWhen: string;
    readonly fit: (
      positive: readonly boolean[],
      logits: Float64Array,
      weights: Float64Array,
    ) => number | null;
  },
): Metric {
  const weighted: NonNullable<Metric['weighted']> = (cases): OfWeights => {
    const { positive, scores } = oneVersusRest(cases, positiveClass);
    checkEventProbabilities(positive, scores);
    const logits = logitsOf(scores);
    return (weights) => fit(positive, logits, weights);
  };
  return {
    ...said,
    shownAs: 'decimal',
    range: [-Infinity, Infinity],
    measure: (cases) => ({
      value: weighted(cases)(new Float64Array(cases.labels.length).fill(1)),
    }),
    weighted,
  };
}
