import { defineExperiment } from '@clip-lung/model';

import mlpHead from './mlp-head.ts';

/**
 * Cross-entropy with another head.
 *
 * clip-lung train examples/head/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [mlpHead],
  image: { use: 'resnet18', groups: 2, width: 8 },
  head: { use: 'mlp', hidden: 32 },
  losses: [{ use: 'cross-entropy' }],
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
