import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { contextName, contextSize, sharedContext, startOf } from './context.js';
import { metaNet, metaNetName } from './meta-net.js';
import type { ContextOptions, PromptLearner } from './prompt-learner.js';

export interface ConditionalPromptOptions extends ContextOptions {
  /** D, the width of the image features */
  readonly embedding: number;
  /** the hidden layer of h has D / reduction units; default 16 */
  readonly reduction?: number;
}

/**
 * Channel-wise conditional prompt: each context vector is shifted by what its own group of channels shows,
 * contextₜ + h(fₜ), with one h for all t.
 *
 * @throws {@link ShapeError} when `initial` is not [T, W], or a size is no whole number of at least 1
 * @see CLIP-Lung (arXiv 2304.08013), channel-wise conditional prompt
 */
export function channelConditionalPrompt(
  options: ConditionalPromptOptions,
): PromptLearner {
  const { length, width } = contextSize(options.initial);
  return conditional('channel-conditional', options, (groups, shift) => {
    const [batch, count, embedding] = groups.shape;
    if (count !== length) {
      throw new ShapeError(
        `the features have ${count} channel groups, the context ${length} vectors: channel-conditional prompts need one group for each`,
      );
    }
    const rows = tf.reshape<tf.Rank.R2>(groups, [batch * count, embedding]);
    return tf.reshape(shift(rows), [batch, count, width]);
  });
}

/**
 * CoCoOp: all context vectors are shifted alike, contextₜ + h(f), by the mean f of the nodule's T channel-group features.
 *
 * @throws {@link ShapeError} when `initial` is not [T, W], or a size is no whole number of at least 1
 * @see Conditional Prompt Learning for Vision-Language Models (CVPR 2022), equation 3
 */
export function coCoOpPrompt(options: ConditionalPromptOptions): PromptLearner {
  return conditional('cocoop', options, (groups, shift) =>
    tf.expandDims(shift(tf.mean(groups, 1)), 1),
  );
}

/** `shiftOf` gets the features, [B, T, D], and h; it returns what is added to the context, [B, T or 1, W]. */
function conditional(
  name: string,
  { initial, embedding, reduction = 16 }: ConditionalPromptOptions,
  shiftOf: (
    groups: tf.Tensor3D,
    shift: (features: tf.Tensor2D) => tf.Tensor2D,
  ) => tf.Tensor3D,
): PromptLearner {
  const { width } = contextSize(initial);
  const net = metaNet({ embedding, width, reduction });
  return {
    name,
    conditional: true,
    init: (random) => ({
      [contextName]: startOf(initial),
      [metaNetName]: net.init(random.stream(metaNetName)),
    }),
    context(params, groups) {
      if (groups.shape[2] !== embedding) {
        throw new ShapeError(
          `the features are [${groups.shape.join(', ')}], the ${name} prompt takes [B, T, ${embedding}]`,
        );
      }
      const shift = shiftOf(groups, (features) => net.apply(params, features));
      return tf.add(sharedContext(params), shift);
    },
  };
}
