export {
  type ExplainedNodule,
  explainNodule,
  type ExplainNoduleOptions,
  type Method,
  methods,
  type NoduleHeat,
  type NoduleMask,
  type ScoredAttribute,
} from './explain-nodule.js';
export {
  type ExplainedRun,
  type ExplainedTexts,
  openExplainedRun,
  type OpenExplainedRunOptions,
} from './open-explained-run.js';
