import { at } from '@clip-lung/tensor';

import type { CropAugmentation } from './augmentation.js';
import { checkWithin } from './errors.js';
import { type Axis, turned } from './orientation.js';

type Plane = readonly [Axis, Axis];

const planesOf: Readonly<Record<'axial' | 'all', readonly Plane[]>> = {
  axial: [['y', 'x']],
  all: [
    ['y', 'x'],
    ['z', 'x'],
    ['z', 'y'],
  ],
};

export interface QuarterTurnOptions {
  /** turn within slices alone, or in a plane drawn from all three; default `axial` */
  readonly planes?: 'axial' | 'all';
  /** of a turn at all; default 0.75, by which 0°, 90°, 180° and 270° are equally likely */
  readonly probability?: number;
}

/**
 * Turns images by 90°, 180° or 270°. Crops are cubes with voxels as high as they are wide, so no turn distorts them.
 *
 * @throws `AugmentationError` when the probability is none
 */
export function quarterTurn({
  planes = 'axial',
  probability = 0.75,
}: QuarterTurnOptions = {}): CropAugmentation {
  checkWithin('probability', probability, 0, 1);
  const choices = planesOf[planes];
  return {
    name: 'quarter-turn',
    kind: 'crop',
    margin: 0,
    change(view, random) {
      if (random.uniform() >= probability) return view;
      const plane = at(choices, random.integer(choices.length), 'planes');
      const turns = 1 + random.integer(3);
      let { orientation } = view;
      for (let i = 0; i < turns; i++) orientation = turned(orientation, plane);
      return { ...view, orientation };
    },
  };
}
