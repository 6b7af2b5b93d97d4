import type { RandomStream } from '@clip-lung/tensor';

import type { Augmentation, Mixture } from './augmentation.js';
import { AugmentationError } from './errors.js';
import { flip, type FlipOptions } from './flip.js';
import { intensity, type IntensityOptions } from './intensity.js';
import { mixup, type MixupOptions } from './mixup.js';
import { quarterTurn, type QuarterTurnOptions } from './quarter-turn.js';
import { shift, type ShiftOptions } from './shift.js';
import { plainView, type View } from './view.js';

/** An augmentation by name, with its options: plain data, that can be written down or sent to a thread. */
export type AugmentationChoice =
  | ({ readonly use: 'flip' } & FlipOptions)
  | ({ readonly use: 'quarter-turn' } & QuarterTurnOptions)
  | ({ readonly use: 'shift' } & ShiftOptions)
  | ({ readonly use: 'intensity' } & IntensityOptions)
  | ({ readonly use: 'mixup' } & MixupOptions);

/** @throws `AugmentationError` or `ShapeError` when an option is out of its range */
export function createAugmentation(choice: AugmentationChoice): Augmentation {
  switch (choice.use) {
    case 'flip':
      return flip(choice);
    case 'quarter-turn':
      return quarterTurn(choice);
    case 'shift':
      return shift(choice);
    case 'intensity':
      return intensity(choice);
    case 'mixup':
      return mixup(choice);
  }
}

/** A list of augmentations as one. */
export interface Augmenter {
  /** voxels of margin that crops must have on each side */
  readonly margin: number;
  /** whether nodules are mixed with others */
  readonly mixes: boolean;
  /**
   * How a nodule's crop is looked at.
   *
   * @param nodule the stream of the nodule in this epoch. Each augmentation draws from a stream of its own below it, by its
   *   name, so adding one changes nothing about the others
   */
  view(nodule: RandomStream): View;
  /** With whom the nodule is mixed; with nobody where nothing mixes. */
  mixture(nodule: RandomStream, place: number, batchSize: number): Mixture;
}

/**
 * @param choices applied in this order; mixing comes last wherever it stands
 * @throws `AugmentationError` or `ShapeError` when an option is out of its range, or a name is there twice
 */
export function createAugmenter(
  choices: readonly AugmentationChoice[],
): Augmenter {
  const names = choices.map(({ use }) => use);
  const twice = names.find((use, i) => names.indexOf(use) !== i);
  if (twice !== undefined) {
    throw new AugmentationError(`"${twice}" is there twice`);
  }
  const all = choices.map((choice) => ({
    use: choice.use,
    made: createAugmentation(choice),
  }));
  const crops = all.flatMap(({ use, made }) =>
    made.kind === 'crop' ? [{ use, made }] : [],
  );
  const [mixing] = all.flatMap(({ use, made }) =>
    made.kind === 'batch' ? [{ use, made }] : [],
  );
  return {
    margin: crops.reduce((sum, { made }) => sum + made.margin, 0),
    mixes: mixing !== undefined,
    view: (nodule) =>
      crops.reduce(
        (view, { use, made }) => made.change(view, nodule.stream(use)),
        plainView,
      ),
    mixture: (nodule, place, batchSize) =>
      mixing === undefined
        ? { partner: place, share: 1 }
        : mixing.made.draw(place, batchSize, nodule.stream(mixing.use)),
  };
}
