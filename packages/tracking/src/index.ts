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
