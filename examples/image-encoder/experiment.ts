import { defineExperiment } from '@clip-lung/model';

import patchEncoder from './patch-encoder.ts';

/**
 * CLIP-Lung with another image encoder.
 *
 * clip-lung train examples/image-encoder/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [patchEncoder],
  image: { use: 'patches', groups: 2, width: 32 },
  // Random weights need no download, and mean nothing: in earnest, take { use: 'clip' }.
  text: { use: 'random' },
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
