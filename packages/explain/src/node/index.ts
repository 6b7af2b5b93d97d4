export {
  type CheckedStage,
  type ExplainedFold,
  explainFold,
  type ExplainFoldOptions,
  type FoldHeat,
  type MeanHeatShare,
} from './explain-fold.js';
export {
  type ExplainedNodule,
  explainNodule,
  type ExplainNoduleOptions,
  type NoduleHeat,
  type ScoredAttribute,
} from './explain-nodule.js';
export { type ExplainerChoice, type Method, methods } from './explainer-of.js';
export type { NoduleMask } from './nodule-mask.js';
export {
  type ExplainedRun,
  type ExplainedTexts,
  openExplainedRun,
  type OpenExplainedRunOptions,
} from './open-explained-run.js';
