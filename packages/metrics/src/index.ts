export {
  accuracy,
  accuracyMetric,
  majorityAccuracy,
  majorityClass,
} from './accuracy.js';
export {
  type BuiltInClassFigures,
  type BuiltInFigures,
  builtInMetrics,
} from './built-in-metrics.js';
export { brierScore } from './calibration/brier.js';
export {
  brierDecomposition,
  type BrierDecomposition,
} from './calibration/brier-decomposition.js';
export {
  type CalibrationBin,
  calibrationBins,
  type CalibrationOptions,
  expectedCalibrationError,
} from './calibration/expected-calibration-error.js';
export {
  calibrationInTheLargeMetric,
  calibrationInterceptMetric,
  calibrationSlopeMetric,
  logisticRecalibration,
  type LogisticRecalibration,
} from './calibration/logistic-recalibration.js';
export { type BinOptions } from './calibration/probability-bins.js';
export {
  type ReliabilityBin,
  reliabilityBins,
  type ReliabilityOptions,
} from './calibration/reliability.js';
export {
  fitTemperature,
  scaleTemperature,
  type TemperatureScaling,
  type TemperatureScalingOptions,
  withTemperature,
} from './calibration/temperature.js';
export {
  balancedAccuracy,
  classScores,
  type ClassScores,
  f1Metric,
  macroScores,
  type MacroScores,
} from './class-scores.js';
export {
  clusteredProportion,
  type ClusteredProportion,
} from './clustered-proportion.js';
export {
  correctedT,
  type CorrectedT,
  type CorrectedTOptions,
} from './comparison/corrected-t.js';
export { holm } from './comparison/holm.js';
export { mcnemar, type McNemar } from './comparison/mcnemar.js';
export {
  type ConformalCases,
  type ConformalOptions,
  type ConformalSets,
  conformalSets,
} from './conformal.js';
export { type Confusion, confusionMatrix } from './confusion.js';
export {
  aucMetric,
  binaryAuc,
  oneVersusRestAuc,
  type OneVersusRestAuc,
} from './discrimination/auc.js';
export {
  averagePrecision,
  averagePrecisionMetric,
} from './discrimination/average-precision.js';
export {
  type BandPoint,
  type CurveBandOptions,
  precisionRecallBands,
  rocBands,
} from './discrimination/curve-bands.js';
export {
  delongAuc,
  type DeLongAuc,
  type DeLongOptions,
  delongTest,
  type DeLongTest,
  type DeLongTestOptions,
} from './discrimination/delong.js';
export {
  type OperatingPointOptions,
  sensitivityAtSpecificity,
  sensitivityAtSpecificityMetric,
  specificityAtSensitivity,
  specificityAtSensitivityMetric,
} from './discrimination/operating-point.js';
export {
  precisionRecallCurve,
  type PrecisionRecallPoint,
} from './discrimination/precision-recall-curve.js';
export { type OperatingPoint, rocCurve } from './discrimination/roc-curve.js';
export { MetricsInputError } from './error.js';
export { type Interval, wilsonInterval } from './interval.js';
export {
  cohenKappa,
  kappaMetric,
  type KappaWeights,
  linearKappaMetric,
  quadraticKappaMetric,
} from './kappa.js';
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
  decisionCurve,
  type NetBenefit,
  netBenefitMetric,
  type NetBenefitOptions,
} from './net-benefit.js';
export { oneVersusRest } from './one-versus-rest.js';
export {
  expectedClass,
  ordinalConcordance,
  ordinalConcordanceMetric,
} from './ordinal/concordance.js';
export {
  type Costs,
  expectedCost,
  expectedCostMetric,
} from './ordinal/expected-cost.js';
export {
  meanAbsoluteError,
  meanAbsoluteErrorMetric,
} from './ordinal/mean-absolute-error.js';
export {
  rankedProbabilityScore,
  rankedProbabilityScoreMetric,
} from './ordinal/ranked-probability-score.js';
export { overFolds, type OverFolds } from './over-folds.js';
export { rankCorrelation } from './rank-correlation.js';
export { reportMetrics } from './report-metrics.js';
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
export { weightedF1, weightedF1Metric } from './weighted-f1.js';
