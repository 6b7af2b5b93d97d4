import { defineExperiment } from '@clip-lung/model';

import warmRestarts from './warm-restarts.ts';

/**
 * The image encoder alone, with a learning rate that starts anew after two epochs.
 *
 * clip-lung train examples/schedule/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [warmRestarts],
  image: { use: 'resnet18', groups: 2, width: 8 },
  losses: [{ use: 'cross-entropy' }],
  training: {
    epochs: 6,
    batchSize: 16,
    learningRate: 0.01,
    schedule: { use: 'warm-restarts', first: 2 },
    emaWarmup: true,
  },
});
