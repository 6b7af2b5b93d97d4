import { defineExperiment } from '@clip-lung/model';

import lion from './lion.ts';

/**
 * Cross-entropy, learnt by another optimiser. Its steps do not shrink with the gradients, so the learning rate is lower.
 *
 * clip-lung train examples/optimizer/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [lion],
  image: { use: 'resnet18', groups: 2, width: 8 },
  losses: [{ use: 'cross-entropy' }],
  optimizer: { use: 'lion', weightDecay: 0.01 },
  training: { epochs: 5, batchSize: 16, learningRate: 3e-4, emaWarmup: true },
});
