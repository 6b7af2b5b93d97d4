import { defineExperiment } from '@clip-lung/model';

/**
 * The image encoder alone, with an augmentation of your own beside one that is built in.
 *
 * clip-lung train examples/augmentation/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: ['./cut-out.ts'],
  image: { use: 'resnet18', groups: 2, width: 8 },
  losses: [{ use: 'cross-entropy' }],
  augment: [{ use: 'flip' }, { use: 'cut-out', side: 6 }],
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
