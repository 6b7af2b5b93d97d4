export {
  type ClassifierDescription,
  describeClassifier,
} from './classifier-description.js';
export { classifyCrops, mostProbable, type Row } from './classify-crops.js';
export { InferenceRequestError } from './errors.js';
export type { Weights } from './weights.js';
export { windowedImages } from './windowed-images.js';
