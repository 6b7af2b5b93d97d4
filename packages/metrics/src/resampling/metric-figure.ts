import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';
import { confusionMatrix } from '../confusion.js';
import { type Cases, isMet, measure, type Metric } from '../metric.js';
import {
  figureOfSums,
  figureOfWeights,
  type OfWeights,
  type ResampledFigure,
} from './resampled-figure.js';

/**
 * A metric's figure, by which patients are drawn. It is null where the metric's needs are not met, and where it is undefined.
 *
 * @param patients of each nodule, [N]
 * @throws `MetricsInputError` for lists that do not fit
 */
export function metricFigure(
  metric: Metric,
  cases: Cases,
  patients: readonly string[],
): ResampledFigure {
  checkPaired(cases.labels, patients, 'patients');
  const figure =
    isMet(metric.needs, cases) && metric.resampled !== undefined
      ? figureOfSums(patients, metric.resampled(cases))
      : figureOfWeights(patients, weightedFigure(metric, cases));
  const { noInterval } = metric;
  return { ...figure, ...(noInterval !== undefined && { noInterval }) };
}

/** A metric's figure as a function of its nodules' weights, whether it follows from sums or not. */
export function weightedFigure(metric: Metric, cases: Cases): OfWeights {
  if (!isMet(metric.needs, cases)) return () => null;
  return metric.weighted?.(cases) ?? measuredAnew(metric, cases);
}

/** Each nodule as often as its weight says. */
function measuredAnew(metric: Metric, cases: Cases): OfWeights {
  const { classes, labels, predictions, probabilities } = cases;
  return (weights) => {
    const drawn = labels.flatMap((_label, index) =>
      new Array<number>(at(weights, index)).fill(index),
    );
    const pick = <T>(list: readonly T[]): readonly T[] =>
      drawn.map((index) => list[index] as T);
    const drawnLabels = pick(labels);
    const drawnPredictions = pick(predictions);
    return measure(metric, {
      ...cases,
      labels: drawnLabels,
      predictions: drawnPredictions,
      probabilities: pick(probabilities),
      confusion: confusionMatrix(drawnLabels, drawnPredictions, classes.length),
    }).value;
  };
}
