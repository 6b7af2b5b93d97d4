export { type BatchRequest, plannedBatches } from './batch-plan.js';
export {
  batchesHere,
  type BatchSource,
  type MakeBatchSource,
  sourceOf,
} from './batch-source.js';
export { type BatchAnswer, batchThread } from './batch-thread.js';
export {
  type BatchRecipe,
  type BatchValues,
  type HostBatch,
  makeBatch,
  plainRecipe,
  trainingBatch,
} from './batches.js';
export {
  type RunPlace,
  TrainingError,
  TrainingStoppedError,
} from './errors.js';
export type { OnTrainingEvent, TrainingEvent } from './events.js';
export { needsMargin } from './fits-dataset.js';
export {
  type BatchFields,
  type NoduleTable,
  noduleTable,
} from './nodule-table.js';
export type { FoldOptions } from './fold-options.js';
export type { FoldResult } from './fold-result.js';
export { beginRun, type NewRecord } from './open-run.js';
export { planRun, type RunPlan } from './plan-run.js';
export { fittingRun, type FittingRun, type RunOptions } from './prepare-run.js';
export { type TrainOptions, trainRun } from './train-run.js';
export { makeProgram, type TrainingProgram } from './training-program.js';
