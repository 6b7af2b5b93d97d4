import { type Optimizer, sgd } from '@clip-lung/optim';
import { z } from 'zod';

import { amount, decay } from '../bounds.js';
import { Registry } from '../registry.js';

export const optimizers = new Registry<Record<string, never>, Optimizer>(
  'optimiser',
).add({
  name: 'sgd',
  options: z.strictObject({
    momentum: decay.default(0.9),
    weightDecay: amount.default(5e-5),
    nesterov: z.boolean().default(false),
  }),
  create: (options) => sgd(options),
});
