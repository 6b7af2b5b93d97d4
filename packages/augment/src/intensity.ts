import type { CropAugmentation } from './augmentation.js';
import { checkWithin } from './errors.js';

export interface IntensityOptions {
  /** added to all HU: uniform within ±offset; default 25 */
  readonly offset?: number;
  /** the attenuation, HU + 1000, times 1 + a number uniform within ±scale; default 0.05 */
  readonly scale?: number;
  /** exponent of the windowed value in 0..1: log-uniform from 1/gamma to gamma; default 1, which is none */
  readonly gamma?: number;
  /** default 1 */
  readonly probability?: number;
}

/**
 * Changes HU as scanners differ, before they are clipped to the window: so what lies beyond it may come in.
 *
 * @throws `AugmentationError` when an option is out of its range
 */
export function intensity({
  offset = 25,
  scale = 0.05,
  gamma = 1,
  probability = 1,
}: IntensityOptions = {}): CropAugmentation {
  checkWithin('offset', offset, 0);
  checkWithin('scale', scale, 0, 0.99);
  checkWithin('gamma', gamma, 1);
  checkWithin('probability', probability, 0, 1);
  return {
    name: 'intensity',
    kind: 'crop',
    margin: 0,
    change(view, random) {
      if (random.uniform() >= probability) return view;
      const within = (bound: number): number => random.uniform(-bound, bound);
      return {
        ...view,
        tone: {
          offset: within(offset),
          gain: 1 + within(scale),
          gamma: gamma === 1 ? 1 : Math.exp(within(Math.log(gamma))),
        },
      };
    },
  };
}
