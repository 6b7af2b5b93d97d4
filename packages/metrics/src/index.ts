export {
  accuracy,
  accuracyMetric,
  majorityAccuracy,
  majorityClass,
} from './accuracy.js';
export { binaryAuc, oneVersusRestAuc, type OneVersusRestAuc } from './auc.js';
export { bootstrapInterval, type BootstrapOptions } from './bootstrap.js';
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
