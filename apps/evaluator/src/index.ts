export { describeText, describeWay } from './describe.js';
export {
  casesOf,
  evaluateRun,
  evaluateRuns,
  type EvaluateOptions,
  type Evaluation,
  identifiedCases,
} from './evaluate.js';
export {
  formatComparison,
  formatEvaluation,
  type FormatOptions,
} from './format.js';
export {
  bootstrapByPatient,
  intervalLevel,
  uniformOf,
} from './interval-by-patient.js';
export { formatRuns } from './format-runs.js';
export { type Column, percent, tableLines } from './table.js';
