import { defineExperiment } from '@clip-lung/model';

import gatedPrompt from './gated-prompt.ts';

/**
 * CLIP-Lung with another prompt learner. The plugin is imported, so that TypeScript knows its name and options.
 *
 * clip-lung train examples/prompt/experiment.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  plugins: [gatedPrompt],
  image: { use: 'resnet18', groups: 2, width: 8 },
  // Random weights need no download, and mean nothing: in earnest, take { use: 'clip' }.
  text: { use: 'random' },
  prompt: {
    use: 'gated',
    strength: 0.5,
    template: 'a nodule image of {class}.',
  },
  training: { epochs: 5, batchSize: 16, learningRate: 0.01, emaWarmup: true },
});
