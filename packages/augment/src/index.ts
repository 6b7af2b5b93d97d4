export type {
  Augmentation,
  BatchAugmentation,
  CropAugmentation,
  ImageAugmentation,
  Mixture,
} from './augmentation.js';
export { type Augmenter, createAugmenter } from './augmenter.js';
export { beta } from './beta.js';
export { AugmentationError } from './errors.js';
export { flip, type FlipOptions } from './flip.js';
export { intensity, type IntensityOptions } from './intensity.js';
export { mixRows, mixup, type MixupOptions } from './mixup.js';
export {
  axes,
  type Axis,
  flipped,
  type Orientation,
  type Triple,
  turned,
  upright,
} from './orientation.js';
export { quarterTurn, type QuarterTurnOptions } from './quarter-turn.js';
export { shift, type ShiftOptions } from './shift.js';
export {
  plainView,
  type Tone,
  type View,
  viewCrop,
  type ViewSizes,
} from './view.js';
