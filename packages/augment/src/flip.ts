import type { CropAugmentation } from './augmentation.js';
import { checkWithin } from './errors.js';
import { type Axis, axes as allAxes, flipped } from './orientation.js';

export interface FlipOptions {
  /** along which axes; default all */
  readonly axes?: readonly Axis[];
  /** of each axis by itself; default 0.5 */
  readonly probability?: number;
}

/** Reverses images along axes. @throws `AugmentationError` when the probability is none */
export function flip({
  axes = allAxes,
  probability = 0.5,
}: FlipOptions = {}): CropAugmentation {
  checkWithin('probability', probability, 0, 1);
  return {
    name: 'flip',
    kind: 'crop',
    margin: 0,
    change: (view, random) => ({
      ...view,
      orientation: allAxes
        .filter((axis) => axes.includes(axis))
        .filter(() => random.uniform() < probability)
        .reduce(flipped, view.orientation),
    }),
  };
}
