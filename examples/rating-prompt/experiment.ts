import { defineExperiment } from '@clip-lung/model';

import ratingPrompt from './rating-prompt.ts';

/**
 * CLIP-Lung whose prompts are made from the readers' ratings.
 *
 * clip-lung train examples/rating-prompt/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [ratingPrompt],
  image: { use: 'resnet18', groups: 2, width: 8 },
  // Random weights need no download, and mean nothing: in earnest, take { use: 'clip' }.
  text: { use: 'random' },
  prompt: { use: 'from-ratings' },
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
