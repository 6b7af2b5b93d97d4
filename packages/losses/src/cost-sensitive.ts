import { OptionShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { checkClasses, inverseFrequencyWeights } from './class-weights.js';
import { LossOptionError } from './error.js';
import { type Loss, present } from './loss.js';
import { weightedCrossEntropy } from './weighted-cross-entropy.js';

export interface CostSensitiveOptions {
  /** the cost of each class, in their order, each at least 0; left out: the inverse of its frequency, scaled to add up to K */
  readonly costs?: readonly number[] | undefined;
}

/**
 * Cost-sensitive likelihood of the unsure data model: mean over i of −Σₖ tᵢₖ wₖ log pᵢₖ, where a class that is rare, or matters
 * more, costs more. That the costs are inverse frequencies where none are given is our reading. The paper's two parameters
 * of conservative and aggressive strategies are not here; costs of your own are the nearest thing.
 *
 * @throws `LossOptionError` when a cost is negative; `compute` throws `OptionShapeError` for another number of costs than classes
 * @see Wu et al., Learning with unsure data for medical image diagnosis, ICCV 2019
 */
export function costSensitive({ costs }: CostSensitiveOptions = {}): Loss {
  const name = 'cost-sensitive';
  const wrong = costs?.find((cost) => !(cost >= 0 && Number.isFinite(cost)));
  if (wrong !== undefined) {
    throw new LossOptionError(
      `one of the costs of the loss "${name}" is ${wrong}, expected numbers of at least 0`,
    );
  }
  return {
    name,
    needs: costs === undefined ? ['class-counts'] : [],
    compute(inputs) {
      const { logits, targets } = inputs;
      if (costs !== undefined) {
        const [, classes] = logits.shape;
        if (costs.length !== classes) {
          throw new OptionShapeError(
            'costs',
            `has ${costs.length} numbers, expected ${classes}, one for each class`,
          );
        }
        return weightedCrossEntropy(logits, targets, {
          weights: tf.tensor1d([...costs]),
        });
      }
      const { classCounts } = present(inputs, name, 'classCounts');
      checkClasses('the class counts', classCounts, logits);
      return weightedCrossEntropy(logits, targets, {
        weights: inverseFrequencyWeights(classCounts),
      });
    },
  };
}
