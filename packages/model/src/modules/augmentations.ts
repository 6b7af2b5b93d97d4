import {
  type Augmentation,
  axes,
  flip,
  intensity,
  mixup,
  quarterTurn,
  shift,
} from '@clip-lung/augment';
import { z } from 'zod';

import { positive, share } from '../bounds.js';
import { Registry } from '../registry.js';

/** What can be done to the crops of a training batch. */
export const augmentations = new Registry<Record<string, never>, Augmentation>(
  'augmentation',
)
  .add({
    name: 'flip',
    options: z.strictObject({
      /** along which axes: z over slices, y over rows, x over columns */
      axes: z
        .array(z.enum(axes))
        .min(1)
        .default([...axes]),
      /** of each axis by itself */
      probability: share.default(0.5),
    }),
    create: (options) => flip(options),
  })
  .add({
    name: 'quarter-turn',
    options: z.strictObject({
      /** turn within slices alone, or in a plane drawn from all three */
      planes: z.enum(['axial', 'all']).default('axial'),
      /** of a turn at all; at 0.75, 0°, 90°, 180° and 270° are equally likely */
      probability: share.default(0.75),
    }),
    create: (options) => quarterTurn(options),
  })
  .add({
    name: 'shift',
    options: z.strictObject({
      /** the most along each axis; the dataset needs such a margin */
      voxels: z.int().min(1).max(1000).default(2),
      probability: share.default(1),
    }),
    create: (options) => shift(options),
  })
  .add({
    name: 'intensity',
    options: z.strictObject({
      /** added to all HU: uniform within ±offset */
      offset: z.number().min(0).max(10_000).default(25),
      /** the attenuation, HU + 1000, times 1 + a number uniform within ±scale */
      scale: z.number().min(0).max(0.99).default(0.05),
      /** exponent of the windowed value: log-uniform from 1/gamma to gamma; 1 for none */
      gamma: z.number().min(1).max(100).default(1),
      probability: share.default(1),
    }),
    create: (options) => intensity(options),
  })
  .add({
    name: 'mixup',
    options: z.strictObject({
      /** shares are drawn from Beta(alpha, alpha) */
      alpha: positive(1e6).default(0.2),
      probability: share.default(1),
    }),
    create: (options) => mixup(options),
  });
