import { defineExperiment } from '@clip-lung/model';

/**
 * The image encoder alone, with smoothed labels. The plugin is given as a path, seen from this file: `use` and the options
 * are checked when the experiment is loaded.
 *
 * clip-lung train examples/loss/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: ['./label-smoothing.ts'],
  image: { use: 'resnet18', groups: 2, width: 8 },
  losses: [{ use: 'label-smoothing', share: 0.2 }],
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
