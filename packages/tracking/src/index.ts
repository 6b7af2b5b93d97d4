export {
  exportTensorBoard,
  type ExportTensorBoardOptions,
  type TensorBoardExport,
} from './tensorboard/export-tensorboard.js';
export {
  followInTensorBoard,
  type TrackedEvent,
  type TrainingFollower,
} from './tensorboard/follow-training.js';
export {
  MlflowAddressError,
  MlflowError,
  UnfinishedRunError,
} from './mlflow/error.js';
export {
  type ExportedRun,
  exportMlflow,
  type ExportMlflowOptions,
} from './mlflow/export-mlflow.js';
export type { MlflowPatience } from './mlflow/request.js';
