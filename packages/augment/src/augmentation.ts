import type { RandomStream } from '@clip-lung/tensor';

import type { View } from './view.js';

interface Named {
  /** what experiments call it; its random numbers come from a stream of this name */
  readonly name: string;
}

/** Changes how a nodule's crop is looked at. */
export interface CropAugmentation extends Named {
  readonly kind: 'crop';
  /** voxels that it may go into the margin on each side of a crop */
  readonly margin: number;
  /** What it makes of a view. It draws from `random` alone, which is the nodule's own for this augmentation and epoch. */
  change(view: View, random: RandomStream): View;
}

/** Changes the image that comes of a crop, in any way that no {@link View} tells. */
export interface ImageAugmentation extends Named {
  readonly kind: 'image';
  /**
   * @param image 0 to 1, [size, size, size], axes z, y, x; changed in place
   * @param size samples along each side
   * @param random the nodule's own for this augmentation and epoch
   */
  change(image: Float32Array, size: number, random: RandomStream): void;
}

/** A nodule and its share in a mixture with another one of its batch. */
export interface Mixture {
  /** the other's place in the batch */
  readonly partner: number;
  /** the share of the nodule itself, 0 to 1; the partner has the rest */
  readonly share: number;
}

/** Changes a nodule by others of its batch. */
export interface BatchAugmentation extends Named {
  readonly kind: 'batch';
  /**
   * @param place of the nodule in its batch
   * @param batchSize nodules in the batch
   */
  draw(place: number, batchSize: number, random: RandomStream): Mixture;
}

/** A seeded change of training examples. */
export type Augmentation =
  | CropAugmentation
  | ImageAugmentation
  | BatchAugmentation;
