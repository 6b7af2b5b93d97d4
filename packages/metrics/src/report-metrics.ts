import { builtInMetrics } from './built-in-metrics.js';
import { averagePrecisionMetric } from './discrimination/average-precision.js';
import {
  kappaMetric,
  linearKappaMetric,
  quadraticKappaMetric,
} from './kappa.js';
import type { Metric } from './metric.js';
import { ordinalConcordanceMetric } from './ordinal/concordance.js';
import { meanAbsoluteErrorMetric } from './ordinal/mean-absolute-error.js';
import { rankedProbabilityScoreMetric } from './ordinal/ranked-probability-score.js';
import { weightedF1Metric } from './weighted-f1.js';

/** What a report tells beside the figures of a summary; those that need ordered classes are undefined of others. */
export const reportMetrics: readonly Metric[] = [
  ...builtInMetrics,
  weightedF1Metric,
  averagePrecisionMetric,
  kappaMetric,
  linearKappaMetric,
  quadraticKappaMetric,
  meanAbsoluteErrorMetric,
  rankedProbabilityScoreMetric,
  ordinalConcordanceMetric,
];
