import * as tf from '@tensorflow/tfjs-core';
import { contextName, contextSize, sharedContext, startOf } from './context.js';
import type { ContextOptions, PromptLearner } from './prompt-learner.js';

/**
 * CoOp: learned context vectors that are the same for every image.
 *
 * @throws `ShapeError` when `initial` is not [T, W]
 * @see Learning to Prompt for Vision-Language Models (IJCV 2022), §3.2, unified context
 */
export function coOpPrompt({ initial }: ContextOptions): PromptLearner {
  contextSize(initial);
  return {
    name: 'coop',
    conditional: false,
    init: () => ({ [contextName]: startOf(initial) }),
    context: (params) => sharedContext(params),
  };
}

/**
 * A template's own words, as CLIP is used without training: nothing is learned.
 *
 * @throws `ShapeError` when `initial` is not [T, W]
 */
export function fixedPrompt({ initial }: ContextOptions): PromptLearner {
  const { length, width } = contextSize(initial);
  return {
    name: 'fixed',
    conditional: false,
    init: () => ({}),
    context: () => tf.tensor3d(initial.data, [1, length, width]),
  };
}
