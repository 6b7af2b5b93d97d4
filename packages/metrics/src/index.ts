export {
  accuracy,
  accuracyMetric,
  majorityAccuracy,
  majorityClass,
} from './accuracy.js';
export { binaryAuc, oneVersusRestAuc, type OneVersusRestAuc } from './auc.js';
export { brierScore } from './brier.js';
export {
  type BuiltInClassFigures,
  type BuiltInFigures,
  builtInMetrics,
} from './built-in-metrics.js';
export {
  type CalibrationBin,
  calibrationBins,
  type CalibrationOptions,
  expectedCalibrationError,
} from './calibration.js';
export {
  classScores,
  type ClassScores,
  macroScores,
  type MacroScores,
} from './class-scores.js';
export { type Confusion, confusionMatrix } from './confusion.js';
export { MetricsInputError } from './error.js';
export { type Interval, wilsonInterval } from './interval.js';
export { cohenKappa, type KappaWeights } from './kappa.js';
export { meanDeviation, type MeanDeviation } from './mean-deviation.js';
export {
  type Cases,
  isFigure,
  measure,
  type Measured,
  type Metric,
  whereUndefined,
} from './metric.js';
export {
  bootstrap,
  type Bootstrapped,
  bootstrapInterval,
  type BootstrapMethod,
  type BootstrapOptions,
  type IntervalOptions,
} from './resampling/bootstrap.js';
export { metricFigure } from './resampling/metric-figure.js';
export { type IdentifiedCases } from './resampling/paired-cases.js';
export {
  pairedDifference,
  type PairedDifference,
  type PairedDifferenceOptions,
} from './resampling/paired-difference.js';
export {
  figureOfSums,
  figureOfWeights,
  type OfSums,
  type OfWeights,
  type ResampledFigure,
} from './resampling/resampled-figure.js';
