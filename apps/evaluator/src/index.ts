export { describeText, describeWay } from './describe.js';
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
export { formatRuns } from './format-runs.js';
