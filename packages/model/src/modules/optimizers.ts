import { adamw, type Optimizer, sgd } from '@clip-lung/optim';
import { z } from 'zod';

import { amount, decay, positive } from '../bounds.js';
import { Registry } from '../registry.js';

export const optimizers = new Registry<Record<string, never>, Optimizer>(
  'optimiser',
)
  .add({
    name: 'sgd',
    options: z.strictObject({
      momentum: decay.default(0.9),
      weightDecay: amount.default(5e-5),
      nesterov: z.boolean().default(false),
    }),
    create: (options) => sgd(options),
  })
  .add({
    name: 'adamw',
    options: z.strictObject({
      beta1: decay.default(0.9),
      beta2: decay.default(0.999),
      epsilon: positive(1).default(1e-8),
      /** decoupled, and of arrays with two axes or more alone */
      weightDecay: amount.default(0.01),
    }),
    create: (options) => adamw(options),
  });
