import {
  type ClassifierHead,
  linearHead,
  ordinalForestHead,
  poissonHead,
  stickBreakingHead,
  unsureHead,
} from '@clip-lung/heads';
import { z } from 'zod';

import { count, positive, seed } from '../bounds.js';
import { Registry } from '../registry.js';

/** What a classifier head must fit. */
export interface HeadNeeds {
  /** K */
  readonly classes: number;
  /** G, feature maps of the image encoder */
  readonly channels: number;
}

/** Every head begins with the maps' 4×4 averages. */
const sizes = ({ classes, channels }: HeadNeeds) => ({
  classes,
  features: 16 * channels,
});

export const heads = new Registry<HeadNeeds, ClassifierHead>('classifier head')
  .add({
    name: 'linear',
    options: z.strictObject({}),
    create: (_, needs) => linearHead(sizes(needs)),
  })
  .add({
    name: 'poisson',
    options: z.strictObject({
      /** τ, or where it starts */
      temperature: positive(1e6).default(1),
      learnTemperature: z.boolean().default(true),
    }),
    create: (options, needs) => poissonHead({ ...sizes(needs), ...options }),
  })
  .add({
    name: 'stick-breaking',
    options: z.strictObject({}),
    create: (_, needs) => stickBreakingHead(sizes(needs)),
  })
  .add({
    name: 'unsure',
    options: z.strictObject({}),
    create: (_, needs) => unsureHead(sizes(needs)),
  })
  .add({
    name: 'ordinal-forest',
    options: z.strictObject({
      trees: count(100).default(5),
      /** levels of split nodes; a tree has 2^depth leaves */
      depth: z.int().min(1).max(10).default(4),
      /** outputs of the linear layer, among which the split nodes choose */
      units: count(4096).default(64),
      /** of that choice */
      seed: seed.default(1),
    }),
    create: (options, needs) =>
      ordinalForestHead({ ...sizes(needs), ...options }),
  });
