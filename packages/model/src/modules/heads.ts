import { type ClassifierHead, linearHead } from '@clip-lung/heads';
import { z } from 'zod';

import { Registry } from '../registry.js';

/** What a classifier head must fit. */
export interface HeadNeeds {
  /** K */
  readonly classes: number;
  /** G, feature maps of the image encoder */
  readonly channels: number;
}

export const heads = new Registry<HeadNeeds, ClassifierHead>(
  'classifier head',
).add({
  name: 'linear',
  options: z.strictObject({}),
  create: (_, { classes, channels }) =>
    linearHead({ classes, features: 16 * channels }),
});
