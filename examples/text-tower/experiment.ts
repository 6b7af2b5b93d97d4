import { defineExperiment } from '@clip-lung/model';

import shallowTower from './shallow-tower.ts';

/**
 * CLIP-Lung with another text tower.
 *
 * clip-lung train examples/text-tower/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [shallowTower],
  image: { use: 'resnet18', groups: 2, width: 8 },
  // In earnest: { use: 'shallow', model: 'Xenova/clip-vit-base-patch16', layers: 6 }
  text: { use: 'shallow', layers: 2 },
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
