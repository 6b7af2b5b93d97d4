import { defineExperiment } from '@clip-lung/model';

import supervisedContrastive from './supervised-contrastive.ts';

/**
 * The image encoder alone, with a contrastive loss beside cross-entropy.
 *
 * clip-lung train examples/contrastive-loss/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [supervisedContrastive],
  image: { use: 'resnet18', groups: 2, width: 8 },
  losses: [
    { use: 'cross-entropy' },
    { use: 'supervised-contrastive', weight: 0.5, width: 32 },
  ],
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
