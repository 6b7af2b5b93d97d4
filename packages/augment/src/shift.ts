import { at, checkCount } from '@clip-lung/tensor';

import type { CropAugmentation } from './augmentation.js';
import { checkWithin } from './errors.js';
import type { Triple } from './orientation.js';

export interface ShiftOptions {
  /** the most along each axis; default 2 */
  readonly voxels?: number;
  /** default 1 */
  readonly probability?: number;
}

/**
 * Takes images away from the middle of their crops, by a whole number of voxels along each axis, uniform from −`voxels` to
 * `voxels`. What comes in is what the scan shows there, so crops have to be stored with a margin.
 *
 * @throws `ShapeError` or `AugmentationError` when an option is out of its range
 */
export function shift({
  voxels = 2,
  probability = 1,
}: ShiftOptions = {}): CropAugmentation {
  checkCount('voxels', voxels);
  checkWithin('probability', probability, 0, 1);
  return {
    name: 'shift',
    kind: 'crop',
    margin: voxels,
    change(view, random) {
      if (random.uniform() >= probability) return view;
      const way = (): number => random.integer(2 * voxels + 1) - voxels;
      const ways: Triple<number> = [way(), way(), way()];
      const { source, reversed } = view.orientation;
      // Along the image's axes, told in the crop's.
      const shifted = (axis: 0 | 1 | 2): number => {
        const along = source.indexOf(axis);
        const by = at(ways, along, 'axes');
        return view.shift[axis] + (at(reversed, along, 'axes') ? -by : by);
      };
      return { ...view, shift: [shifted(0), shifted(1), shifted(2)] };
    },
  };
}
