import { checkEventProbabilities } from '../check-binary.js';
import type { Cases, Metric } from '../metric.js';
import { oneVersusRest } from '../one-versus-rest.js';
import type { OfWeights } from '../resampling/resampled-figure.js';
import {
  fitIntercept,
  fitLine,
  type LogisticCases,
  type LogisticLine,
} from './logistic-fit.js';

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
  const cases = logisticCases(positive, probabilities);
  const line = fitLine(cases);
  const inTheLarge = fitIntercept(cases);
  if (line === null || inTheLarge === null) return undefined;
  return { inTheLarge, ...line };
}

const nearest = 1e-7;

/** Each with weight 1, and the logit of its probability. */
function logisticCases(
  positive: readonly boolean[],
  probabilities: readonly number[],
): LogisticCases {
  return {
    events: Uint8Array.from(positive, Number),
    x: Float64Array.from(probabilities, (p) => {
      const kept = Math.min(Math.max(p, nearest), 1 - nearest);
      return Math.log(kept / (1 - kept));
    }),
    weights: new Float64Array(positive.length).fill(1),
  };
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationInTheLargeMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationInTheLarge',
    label: 'calibration in the large',
    better: { nearTo: 0 },
    undefinedWhen: 'all nodules, or none, are of the positive class',
    fit: (cases) => {
      const start = fitIntercept(cases);
      return (weights) => fitIntercept({ ...cases, weights }, start ?? 0);
    },
  });
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationInterceptMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationIntercept',
    label: 'calibration intercept',
    better: { nearTo: 0 },
    undefinedWhen: noLine,
    fit: ofLine('intercept'),
  });
}

/** @param positiveClass the event, an index; the others are the rest */
export function calibrationSlopeMetric(positiveClass: number): Metric {
  return recalibrationMetric(positiveClass, {
    name: 'calibrationSlope',
    label: 'calibration slope',
    better: { nearTo: 1 },
    undefinedWhen: noLine,
    fit: ofLine('slope'),
  });
}

const noLine =
  'the probability of the positive class is equal for all nodules, or divides its nodules from the others';

/** A number of weighed cases, after a first fit of all. */
type Fit = (cases: LogisticCases) => OfWeights;

const ofLine =
  (part: keyof LogisticLine): Fit =>
  (cases) => {
    const start = fitLine(cases) ?? undefined;
    return (weights) => fitLine({ ...cases, weights }, start)?.[part] ?? null;
  };

function recalibrationMetric(
  positiveClass: number,
  {
    fit,
    ...said
  }: Pick<Metric, 'name' | 'label' | 'better'> & {
    readonly undefinedWhen: string;
    readonly fit: Fit;
  },
): Metric {
  const weighted = (cases: Cases): OfWeights => {
    const { positive, scores } = oneVersusRest(cases, positiveClass);
    checkEventProbabilities(positive, scores);
    return fit(logisticCases(positive, scores));
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
