import type { RandomStream } from '@clip-lung/tensor';

import type { Augmentation, Mixture } from './augmentation.js';
import { AugmentationError } from './errors.js';
import { plainView, type View } from './view.js';

/** A list of augmentations as one. */
export interface Augmenter {
  /** voxels of margin that crops must have on each side */
  readonly margin: number;
  /** whether nodules are mixed with others */
  readonly mixes: boolean;
  /** whether images are changed in ways that no view tells */
  readonly changesImages: boolean;
  /**
   * How a nodule's crop is looked at.
   *
   * @param nodule the stream of the nodule in this epoch. Each augmentation draws from a stream of its own below it, by its
   *   name, so adding one changes nothing about the others
   */
  view(nodule: RandomStream): View;
  /** Changes the image that came of the view, in place. */
  changeImage(image: Float32Array, size: number, nodule: RandomStream): void;
  /** With whom the nodule is mixed; with nobody where nothing mixes. */
  mixture(nodule: RandomStream, place: number, batchSize: number): Mixture;
}

/**
 * @param all crops are looked at in this order, then images changed in this order; mixing comes last wherever it stands
 * @throws `AugmentationError` when a name is there twice, or two of them mix
 */
export function createAugmenter(all: readonly Augmentation[]): Augmenter {
  const names = all.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new AugmentationError(`"${twice}" is listed twice`);
  }
  const crops = all.filter((one) => one.kind === 'crop');
  const images = all.filter((one) => one.kind === 'image');
  const [mixing, ...others] = all.filter((one) => one.kind === 'batch');
  if (mixing !== undefined && others.length > 0) {
    throw new AugmentationError(
      `${[mixing, ...others].map(({ name }) => `"${name}"`).join(' and ')} mix nodules, expected at most one that does`,
    );
  }
  return {
    margin: crops.reduce((sum, { margin }) => sum + margin, 0),
    mixes: mixing !== undefined,
    changesImages: images.length > 0,
    view: (nodule) =>
      crops.reduce(
        (view, one) => one.change(view, nodule.stream(one.name)),
        plainView,
      ),
    changeImage: (image, size, nodule) => {
      for (const one of images) {
        one.change(image, size, nodule.stream(one.name));
      }
    },
    mixture: (nodule, place, batchSize) =>
      mixing === undefined
        ? { partner: place, share: 1 }
        : mixing.draw(place, batchSize, nodule.stream(mixing.name)),
  };
}
