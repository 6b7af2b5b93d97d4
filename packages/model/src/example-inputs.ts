import type { Hosted } from '@clip-lung/engine';
import { filled, scalar } from '@clip-lung/tensor';

import type { Model } from './model.js';
import type { StepInputs } from './training-step.js';

/**
 * What a step is given, in its shapes alone, so that an engine can make the step ready, and find what does not fit, before
 * there is a batch.
 *
 * @param batchSize B
 */
export function exampleInputs(
  { classes, attributes, cropSize }: Model,
  batchSize: number,
): Hosted<StepInputs> {
  return {
    images: filled([batchSize, cropSize, cropSize, cropSize]),
    targets: filled([batchSize, classes.length]),
    attributeWeights: filled([batchSize, attributes.length]),
    classCounts: filled([classes.length]),
    learningRate: scalar(0),
    averageDecay: scalar(0),
  };
}
