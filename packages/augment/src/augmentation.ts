import type { RandomStream } from '@clip-lung/tensor';

import type { View } from './view.js';

/** Changes how a nodule's crop is looked at. */
export interface CropAugmentation {
  readonly kind: 'crop';
  /** voxels that it may go into the margin on each side of a crop */
  readonly margin: number;
  /** What it makes of a view. It draws from `random` alone, which is the nodule's own for this augmentation and epoch. */
  change(view: View, random: RandomStream): View;
}

/** A nodule and its share in a mixture with another one of its batch. */
export interface Mixture {
  /** the other's place in the batch */
  readonly partner: number;
  /** the share of the nodule itself, 0 to 1; the partner has the rest */
  readonly share: number;
}

/** Changes a nodule by others of its batch. */
export interface BatchAugmentation {
  readonly kind: 'batch';
  /**
   * @param place of the nodule in its batch
   * @param batchSize nodules in the batch
   */
  draw(place: number, batchSize: number, random: RandomStream): Mixture;
}

/** A seeded change of training examples. */
export type Augmentation = CropAugmentation | BatchAugmentation;
