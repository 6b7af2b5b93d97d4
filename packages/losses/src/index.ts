export {
  classAttribute,
  type ClassAttributeOptions,
} from './class-attribute.js';
export { classBalanced, type ClassBalancedOptions } from './class-balanced.js';
export { costSensitive, type CostSensitiveOptions } from './cost-sensitive.js';
export { crossEntropy } from './cross-entropy.js';
export { focal, type FocalOptions } from './focal.js';
export {
  imageAttribute,
  type ImageAttributeOptions,
} from './image-attribute.js';
export { imageClass, type ImageClassOptions } from './image-class.js';
export { ordinalCrossEntropy } from './ordinal-cross-entropy.js';

// What a loss of your own is made of.
export { softCrossEntropy } from './cross-entropy.js';
export { LossOptionError, MissingInputError } from './error.js';
export {
  fieldOf,
  type Loss,
  type LossInputs,
  type LossNeed,
  type LossSizes,
  present,
} from './loss.js';
export { similarity } from './similarity.js';
export {
  weightedCrossEntropy,
  type WeightedCrossEntropyOptions,
} from './weighted-cross-entropy.js';
