import { type Optimizer, sgd } from '@clip-lung/optim';
import { z } from 'zod';

import { Registry } from '../registry.js';

export const optimizers = new Registry<Record<string, never>, Optimizer>(
  'optimiser',
).add({
  name: 'sgd',
  options: z.strictObject({
    momentum: z.number().min(0).lt(1).default(0.9),
    weightDecay: z.number().min(0).default(5e-5),
    nesterov: z.boolean().default(false),
  }),
  create: (options) => sgd(options),
});
