import {
  type ImageEncoder,
  resnet18,
  resnet34,
  resnet50,
  volumeResnet18,
} from '@clip-lung/image-encoder';
import { z } from 'zod';

import { count } from '../bounds.js';
import { Registry } from '../registry.js';

/** What an image encoder must fit. */
export interface ImageEncoderNeeds {
  /** D, the length of the features that it shares with the text */
  readonly embedding: number;
}

const resNetOptions = z.strictObject({
  /** T, channel groups, and as many context vectors */
  groups: count(64).default(4),
  /** channels of the first stage */
  width: count(512).default(64),
  /** G, feature maps: what T and D ask for, T·D/64; given, it is checked */
  channels: count(4096).optional(),
});

export const imageEncoders = new Registry<ImageEncoderNeeds, ImageEncoder>(
  'image encoder',
)
  .add({
    name: 'resnet18',
    options: resNetOptions,
    create: (options, { embedding }) => resnet18({ ...options, embedding }),
  })
  .add({
    name: 'resnet34',
    options: resNetOptions,
    create: (options, { embedding }) => resnet34({ ...options, embedding }),
  })
  .add({
    name: 'resnet50',
    options: resNetOptions,
    create: (options, { embedding }) => resnet50({ ...options, embedding }),
  })
  .add({
    name: 'resnet18-3d',
    options: resNetOptions,
    create: (options, { embedding }) =>
      volumeResnet18({ ...options, embedding }),
  });
