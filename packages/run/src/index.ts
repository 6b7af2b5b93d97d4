export {
  type BestEpoch,
  type Checkpoint,
  type CheckpointInfo,
  type EpochPart,
  type EpochTotals,
  expectBest,
  readCheckpoint,
  type ReadCheckpointInfo,
  writeCheckpoint,
} from './checkpoint.js';
export { type ClassifiedBy, waysToClassify } from './classified-by.js';
export { experimentDigest } from './digest.js';
export {
  InconsistentRunError,
  MissingRunFileError,
  NoPredictionsError,
  NotJsonError,
  PatientOverlapError,
  RunFileError,
  TensorMismatchError,
} from './error.js';
export {
  type FoldHolder,
  foldHolder,
  type FoldLock,
  FoldLockedError,
  lockFold,
  type LockOptions,
  type LockTimes,
} from './fold-lock.js';
export { runFormatVersion, type RunFormatVersion } from './format-version.js';
export { type KeptFiles, keptFiles, writeKeptFiles } from './kept-files.js';
export { parseDigestedJson, toDigestedJson } from './digested-json.js';
export { runIdentity } from './identity.js';
export { readRunFile } from './missing.js';
export type { FindRunsOptions } from './find-runs.js';
export { clearLeftBehind, isNewRun } from './left-behind.js';
export { listRuns } from './list-runs.js';
export {
  appendMetrics,
  type EpochMetrics,
  type EpochValidation,
  expectMetrics,
  type MetricsLog,
  readMetrics,
  removeMetrics,
} from './metrics-log.js';
export {
  type CheckpointName,
  type CheckpointPaths,
  type FoldPaths,
  foldPaths,
  listFolds,
  type RunPaths,
  runPaths,
} from './paths.js';
export {
  type Pool,
  type PoolOptions,
  poolPredictions,
  type TestedFold,
} from './pool.js';
export {
  type ReadPredictions,
  readPredictions,
  type ReadPredictionsOptions,
  writePredictions,
} from './predictions-file.js';
export type { PredictionRow, Predictions } from './predictions.js';
export { epochsOf, withEpochs } from './epochs.js';
export { type FileOrigin, type RunOrigin, runOrigin } from './origin.js';
export {
  createRunRecord,
  expectRecordDigest,
  type Extension,
  readRunRecord,
  type ReplacedPlugins,
  type RunRecord,
  type RunText,
  writeRunRecord,
} from './record.js';
export {
  type FoldState,
  readFoldState,
  readRunState,
  type RunState,
  type RunStateName,
  runStateNames,
} from './run-state.js';
export {
  type ClassSummary,
  type FoldSummary,
  isOfRun,
  readRunSummary,
  type RunSummary,
  summaryKeys,
  writeRunSummary,
} from './summary.js';
export { checkpointDifference, expectTensors } from './tensor-difference.js';
