import { accuracyMetric } from './accuracy.js';
import { aucMetric } from './discrimination/auc.js';
import { brierMetric } from './calibration/brier.js';
import { calibrationMetric } from './calibration/expected-calibration-error.js';
import { f1Metric, precisionMetric, recallMetric } from './class-scores.js';

/** What an evaluation measures, in the order in which tables and reports have it. */
export const builtInMetrics = [
  accuracyMetric,
  recallMetric,
  precisionMetric,
  f1Metric,
  aucMetric,
  calibrationMetric,
  brierMetric,
] as const;

type BuiltIn = (typeof builtInMetrics)[number];

/** A metric that says where it is undefined has null there. */
type FigureOf<M> = M extends
  | { readonly undefinedWhen: string }
  | { readonly needs: object }
  ? number | null
  : number;

/** Over all nodules, by the metrics' names. */
export type BuiltInFigures = {
  readonly [M in BuiltIn as M['name']]: FigureOf<M>;
};

type OfClasses = Extract<BuiltIn, { readonly perClass: object }>;

/** Of one class, by the metrics' names for that. */
export type BuiltInClassFigures = {
  readonly [M in OfClasses as M['perClass']['name']]: FigureOf<M>;
};
