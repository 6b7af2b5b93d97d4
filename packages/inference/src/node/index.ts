export { batchCrops } from './batch-crops.js';
export { batchFields, type FieldsOfBatch } from './batch-fields.js';
export { classifierFile } from './classifier-file.js';
export {
  type CropOptions,
  type Crops,
  type CropSource,
  readCrops,
  usualDiameter,
} from './crops.js';
export { exportTarget } from './export-target.js';
export { loadTower, type TowerOptions } from './load-tower.js';
export {
  openClassifier,
  type OpenClassifier,
  type OpenClassifierOptions,
} from './open-classifier.js';
export { type ByTextsOptions, predictByTexts } from './predict-by-texts.js';
export {
  loadTowerOf,
  openRunWithTexts,
  type Places,
  type RunWithTexts,
} from './run-with-texts.js';
export {
  chooseFold,
  readTrainedClassifier,
  type TrainedClassifier,
} from './trained-classifier.js';
export {
  averagesOf,
  readTrainedFold,
  type TrainedFold,
} from './trained-fold.js';
