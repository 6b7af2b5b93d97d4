export {
  type ClassifierDescription,
  describeClassifier,
} from './classifier-description.js';
export { classifyCrops, mostProbable, type Row } from './classify-crops.js';
export { InferenceRequestError } from './errors.js';
