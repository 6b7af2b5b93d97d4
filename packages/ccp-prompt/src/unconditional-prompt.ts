import { NdArray, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  contextName,
  contextSize,
  parameter,
  sharedContext,
  startOf,
} from './context.js';
import type {
  ContextLayout,
  ContextOptions,
  PromptLearner,
} from './prompt-learner.js';

export interface CoOpOptions extends ContextOptions, Partial<ContextLayout> {
  /** K; needed where every class has a context of its own */
  readonly classes?: number;
  /**
   * The first context vectors of the attributes' prompts, [T, W], which share a context of their own where every class
   * has one. Left out where they take no context.
   */
  readonly attributes?: NdArray<'float32'> | undefined;
}

/** The learnable context that attributes share where classes have their own, [T, W]. */
const attributeContextName = 'attribute_ctx';

/**
 * CoOp: learned context vectors that are the same for every image; one context for all prompts, `ctx` [T, W], or one for
 * each class, `ctx` [K, T, W]. Each class's starts from the same words.
 *
 * @throws {@link ShapeError} when `initial` or `attributes` is not [T, W], or K is no whole number of at least 1
 * @see Learning to Prompt for Vision-Language Models (IJCV 2022), §3.2
 */
export function coOpPrompt({
  initial,
  contexts = 'shared',
  classPosition = 'end',
  classes = 0,
  attributes,
}: CoOpOptions): PromptLearner {
  const { length, width } = contextSize(initial);
  const common = {
    name: 'coop',
    conditional: false,
    layout: { contexts, classPosition },
  } as const;
  if (contexts === 'shared') {
    return {
      ...common,
      init: () => ({ [contextName]: startOf(initial) }),
      context: (params) => sharedContext(params),
    };
  }
  if (!Number.isInteger(classes) || classes < 1) {
    throw new ShapeError(
      `class-specific contexts are for ${classes} classes, expected a whole number of at least 1`,
    );
  }
  if (attributes !== undefined) {
    const own = contextSize(attributes);
    if (own.length !== length || own.width !== width) {
      throw new ShapeError(
        `the attributes' context is [${own.length}, ${own.width}], the classes' [${length}, ${width}]: expected the same`,
      );
    }
  }
  return {
    ...common,
    init: () => ({
      [contextName]: repeated(initial, classes),
      ...(attributes === undefined
        ? {}
        : { [attributeContextName]: startOf(attributes) }),
    }),
    context(params) {
      const ofClasses = tf.reshape<tf.Rank.R3>(parameter(params, contextName), [
        1,
        classes * length,
        width,
      ]);
      if (attributes === undefined) return ofClasses;
      const shared = parameter(params, attributeContextName);
      return tf.concat([ofClasses, tf.expandDims(shared, 0)], 1);
    },
  };
}

/** [T, W] to [K, T, W]. */
function repeated(
  { shape, data }: NdArray<'float32'>,
  count: number,
): NdArray<'float32'> {
  const all = new Float32Array(count * data.length);
  for (let at = 0; at < count; at++) all.set(data, at * data.length);
  return new NdArray('float32', [count, ...shape], all);
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
