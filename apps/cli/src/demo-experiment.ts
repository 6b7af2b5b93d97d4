import type { Experiment } from '@clip-lung/model';

/** CLIP-Lung made small: an eighth of the width, and as many epochs as a minute holds. */
export function demoExperiment(textFolder: string | undefined): Experiment {
  return {
    data: { subset: 'A', folds: 5 },
    image: { use: 'resnet18', groups: 4, width: 8 },
    text:
      textFolder === undefined
        ? { use: 'random' }
        : { use: 'clip', model: textFolder },
    prompt: {
      use: 'channel-conditional',
      // The random tower's tokens are words: the context takes four of them.
      ...(textFolder === undefined
        ? { attributeTemplate: 'the nodule has a {attribute}.' }
        : {}),
    },
    training: {
      epochs: 15,
      batchSize: 16,
      learningRate: 0.01,
      ema: 0.95,
      emaWarmup: true,
    },
  };
}
