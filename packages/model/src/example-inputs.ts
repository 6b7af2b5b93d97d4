import type { Hosted } from '@clip-lung/engine';
import { filled, int32, scalar, sizeOf } from '@clip-lung/tensor';

import type { Model } from './model.js';
import type { BatchInputs, StepInputs } from './training-step.js';

/**
 * What a step is given, in its shapes alone, so that an engine can make the step ready, and find what does not fit, before
 * there is a batch.
 *
 * @param batchSize B
 */
export function exampleInputs(
  model: Model,
  batchSize: number,
): Hosted<StepInputs> {
  return {
    ...exampleBatch(model, batchSize),
    learningRate: scalar(0),
    averageDecay: scalar(0),
  };
}

/** What every batch of a step is given, in the same way. */
export function exampleBatch(
  { classes, attributes, cropSize, fields }: Model,
  batchSize: number,
): Hosted<BatchInputs> {
  const lengths = {
    B: batchSize,
    K: classes.length,
    M: attributes.length,
  };
  return {
    images: filled([batchSize, cropSize, cropSize, cropSize]),
    targets: filled([batchSize, classes.length]),
    attributeWeights: filled([batchSize, attributes.length]),
    classCounts: filled([classes.length]),
    fields: Object.fromEntries(
      fields.map(({ name, shape, dtype }) => {
        const own = shape.map((axis) => lengths[axis]);
        return [
          name,
          dtype === 'float32'
            ? filled(own)
            : int32(own, new Int32Array(sizeOf(own))),
        ];
      }),
    ),
  };
}
