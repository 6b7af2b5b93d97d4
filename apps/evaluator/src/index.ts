export {
  analyseRun,
  type AnalyseOptions,
  type Analysis,
  AnalysisError,
  analysisFormat,
} from './analysis/analyse-run.js';
export type { Figure, MetricFigure } from './analysis/figure.js';
export type { Flow, FlowLoss, FlowStage } from './analysis/flow.js';
export { formatAnalysis } from './analysis/format-analysis.js';
export type { HardCase } from './analysis/hardest.js';
export type { Beside, BesideFigure } from './analysis/judgements.js';
export {
  type LabellingRule,
  labellingRules,
  type LabellingRules,
  type RuleScores,
} from './analysis/labelling-rules.js';
export type { JudgedAlike, LeftOut, Readers } from './analysis/readers.js';
export { builtInSubgroups } from './analysis/subgroups/built-in-subgroups.js';
export type {
  Group,
  SubgroupFigures,
} from './analysis/subgroups/measure-subgroups.js';
export type {
  Grouped,
  Subgroup,
  SubgroupNodule,
} from './analysis/subgroups/subgroup.js';
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
