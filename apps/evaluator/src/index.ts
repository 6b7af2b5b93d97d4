export { describeData, describeText, describeWay } from './describe.js';
export {
  InconsistentRunError,
  NoPredictionsError,
  PatientOverlapError,
} from './error.js';
export {
  evaluateRun,
  evaluateRuns,
  type EvaluateOptions,
  type Evaluation,
} from './evaluate.js';
export {
  formatComparison,
  formatEvaluation,
  type FormatOptions,
} from './format.js';
export {
  type Pool,
  type PoolOptions,
  poolPredictions,
  type TestedFold,
} from './pool.js';
