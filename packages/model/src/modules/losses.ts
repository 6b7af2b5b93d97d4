import {
  classAttribute,
  classBalanced,
  costSensitive,
  crossEntropy,
  focal,
  imageAttribute,
  imageClass,
  type Loss,
  ordinalCrossEntropy,
} from '@clip-lung/losses';
import { z } from 'zod';

import { amount, decay } from '../bounds.js';
import { Registry } from '../registry.js';

const noOptions = z.strictObject({});

/** Whether a loss is the paper's or the published code's. */
const form = z.enum(['paper', 'published-code']).default('paper');
/** (1 − p) to the power of γ: far above 100 nothing is left of any p. */
const gamma = z.number().min(0).max(100);

export const losses = new Registry<Record<string, never>, Loss>('loss')
  .add({
    name: 'cross-entropy',
    options: noOptions,
    create: () => crossEntropy(),
  })
  .add({
    name: 'image-class',
    options: z.strictObject({
      /** the published code holds group t of every nodule to the target of the batch's t-th nodule: `first-groups` */
      targets: z.enum(['batch', 'first-groups']).default('batch'),
    }),
    create: (options) => imageClass(options),
  })
  .add({
    name: 'image-attribute',
    options: z.strictObject({ form }),
    create: (options) => imageAttribute(options),
  })
  .add({
    name: 'class-attribute',
    options: z.strictObject({ form }),
    create: (options) => classAttribute(options),
  })
  .add({
    name: 'focal',
    options: z.strictObject({ gamma: gamma.default(2) }),
    create: (options) => focal(options),
  })
  .add({
    name: 'class-balanced',
    options: z.strictObject({
      /** the nearer to 1, the more a rare class counts */
      beta: decay.default(0.999),
      gamma: gamma.default(0),
    }),
    create: (options) => classBalanced(options),
  })
  .add({
    name: 'cost-sensitive',
    options: z.strictObject({
      /** of each class, in their order; null for the inverse of their frequency */
      costs: z.array(amount).min(2).nullable().default(null),
    }),
    create: ({ costs }) => costSensitive(costs === null ? {} : { costs }),
  })
  .add({
    name: 'ordinal-cross-entropy',
    options: noOptions,
    create: () => ordinalCrossEntropy(),
  });
