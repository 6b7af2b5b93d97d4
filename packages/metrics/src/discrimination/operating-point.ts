import { MetricsInputError } from '../error.js';
import type { Metric } from '../metric.js';
import { oneVersusRest } from '../one-versus-rest.js';
import type { OfWeights } from '../resampling/resampled-figure.js';
import { type OperatingPoint, rocCurve } from './roc-curve.js';
import { eachThreshold, rankingOf } from './threshold-counts.js';

/**
 * The greatest sensitivity that a threshold reaches with at least the specificity that is asked for: of the thresholds that the
 * scores have, with no interpolation between them. Of several of that sensitivity, the most specific one.
 *
 * @param positive which of the N are positive
 * @param scores   higher means more positive, [N]
 * @param specificity in 0..1
 * @returns undefined where all or none are positive
 * @throws {@link MetricsInputError} for lists that do not fit, or a specificity outside of 0..1
 */
export function sensitivityAtSpecificity(
  positive: readonly boolean[],
  scores: readonly number[],
  specificity: number,
): OperatingPoint | undefined {
  checkFraction(specificity, 'specificity');
  return best(rocCurve(positive, scores), {
    wanted: (point) => point.specificity >= specificity,
    rank: (point) => [point.sensitivity, point.specificity],
  });
}

/** The greatest specificity with at least a sensitivity: {@link sensitivityAtSpecificity}, reversed. */
export function specificityAtSensitivity(
  positive: readonly boolean[],
  scores: readonly number[],
  sensitivity: number,
): OperatingPoint | undefined {
  checkFraction(sensitivity, 'sensitivity');
  return best(rocCurve(positive, scores), {
    wanted: (point) => point.sensitivity >= sensitivity,
    rank: (point) => [point.specificity, point.sensitivity],
  });
}

function checkFraction(value: number, name: string): void {
  if (value >= 0 && value <= 1) return;
  throw new MetricsInputError(`the ${name} is ${value}, expected 0 to 1`);
}

function best(
  points: readonly OperatingPoint[] | undefined,
  {
    wanted,
    rank,
  }: {
    readonly wanted: (point: OperatingPoint) => boolean;
    readonly rank: (point: OperatingPoint) => readonly [number, number];
  },
): OperatingPoint | undefined {
  return points?.filter(wanted).reduce((one, other) => {
    const [a, b] = [rank(one), rank(other)];
    return b[0] > a[0] || (b[0] === a[0] && b[1] > a[1]) ? other : one;
  });
}

/** What an operating point is asked of. */
export interface OperatingPointOptions {
  /** the positive class, an index; the others are the rest */
  readonly positiveClass: number;
  /** the fixed part, in 0..1 */
  readonly at: number;
}

/** @throws {@link MetricsInputError} for a part outside of 0..1 */
export function sensitivityAtSpecificityMetric(
  options: OperatingPointOptions,
): Metric {
  return operatingMetric('sensitivity', options);
}

/** @throws {@link MetricsInputError} for a part outside of 0..1 */
export function specificityAtSensitivityMetric(
  options: OperatingPointOptions,
): Metric {
  return operatingMetric('specificity', options);
}

type Part = 'sensitivity' | 'specificity';

function operatingMetric(
  part: Part,
  { positiveClass, at: fixed }: OperatingPointOptions,
): Metric {
  const other = part === 'sensitivity' ? 'specificity' : 'sensitivity';
  checkFraction(fixed, other);
  const find =
    part === 'sensitivity'
      ? sensitivityAtSpecificity
      : specificityAtSensitivity;
  return {
    name:
      part === 'sensitivity'
        ? 'sensitivityAtSpecificity'
        : 'specificityAtSensitivity',
    label: `${part} at ${100 * fixed} % ${other}`,
    shownAs: 'percent',
    range: [0, 1],
    better: 'higher',
    undefinedWhen: 'all nodules, or none, are of the positive class',
    measure(cases) {
      const { positive, scores } = oneVersusRest(cases, positiveClass);
      return { value: find(positive, scores, fixed)?.[part] ?? null };
    },
    weighted(cases) {
      const { positive, scores } = oneVersusRest(cases, positiveClass);
      return weighted(part, { positive, scores, fixed });
    },
  };
}

function weighted(
  part: Part,
  {
    positive,
    scores,
    fixed,
  }: {
    readonly positive: readonly boolean[];
    readonly scores: readonly number[];
    readonly fixed: number;
  },
): OfWeights {
  const ranking = rankingOf(positive, scores);
  return (weights) => {
    let positives = 0;
    let negatives = 0;
    for (const [i, is] of positive.entries()) {
      if (is) positives += weights[i] as number;
      else negatives += weights[i] as number;
    }
    if (positives === 0 || negatives === 0) return null;
    // Nothing positive: the point from which the curve starts.
    let found = part === 'sensitivity' || fixed > 0 ? 0 : 1;
    eachThreshold(ranking, weights, (truePositives, falsePositives) => {
      const sensitivity = truePositives / positives;
      const specificity = (negatives - falsePositives) / negatives;
      if (part === 'sensitivity') {
        if (specificity >= fixed) found = Math.max(found, sensitivity);
      } else if (sensitivity >= fixed) found = Math.max(found, specificity);
    });
    return found;
  };
}
