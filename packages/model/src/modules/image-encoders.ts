import { type ImageEncoder, resnet18 } from '@clip-lung/image-encoder';
import { z } from 'zod';

import { Registry } from '../registry.js';

/** What an image encoder must fit. */
export interface ImageEncoderNeeds {
  /** D, the length of the features that it shares with the text */
  readonly embedding: number;
}

const count = z.int().min(1);

export const imageEncoders = new Registry<ImageEncoderNeeds, ImageEncoder>(
  'image encoder',
).add({
  name: 'resnet18',
  options: z.strictObject({
    /** T, channel groups, and as many context vectors */
    groups: count.default(4),
    /** channels of the first stage */
    width: count.default(64),
  }),
  create: ({ groups, width }, { embedding }) =>
    resnet18({ groups, width, embedding }),
});
