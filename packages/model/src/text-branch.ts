import type { NoduleFields } from '@clip-lung/lidc';
import {
  createPromptEncoder,
  type PromptEncoder,
} from '@clip-lung/text-encoder';
import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import { normalise } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

import { createTextPrompts, type TextPromptsOptions } from './text-prompts.js';

type Host = Tree<NdArray<'float32'>>;
type Tensors = Tree<tf.Tensor>;

/** Normalised text features of a batch: [B, …, D] where the prompts depend on the nodule, else [1, …, D]. */
export interface TextFeatures {
  /** [B or 1, K, D] */
  readonly classes: tf.Tensor3D;
  /** [B or 1, M, D]; absent when no loss asks for attributes */
  readonly attributes?: tf.Tensor3D;
}

/** Prompts, learner and tower, from channel-group features to text features. */
export interface TextBranch {
  /** constants of the step: the embeddings of the prompts' tokens and, unless it is trained, the tower */
  readonly frozen: Host;
  /** where learning the tower starts: all of its weights but the token embedding; empty when it is frozen */
  readonly trained: Host;
  /** what the prompt learner asks for */
  readonly fields: NoduleFields;
  /** New parameters of the prompt learner. */
  init(random: RandomStream): Host;
  /**
   * @param params those of the prompt learner, and of {@link trained} under `text`
   * @param groups normalised channel-group features, [B, T, D]
   * @param fields those that the prompt learner asks for, by its names; needed where it asks for any
   */
  apply(
    params: { readonly prompt: Tensors; readonly text?: Tensors },
    frozen: Tensors,
    groups: tf.Tensor3D,
    fields?: Readonly<Record<string, tf.Tensor>>,
  ): TextFeatures;
}

export interface TextBranchOptions extends TextPromptsOptions {
  /** learn the tower with the rest, as the published code does; default false */
  readonly trainTower?: boolean;
}

/**
 * Prompts of one nodule run through the tower as one packed sequence. Attribute prompts that take no context vectors run
 * apart, once for all nodules; of a frozen tower that is an expression of constants, which an engine computes when it
 * compiles the step.
 *
 * @throws `ExperimentError` when a template's first T tokens differ between names, `PromptError` when a prompt is too long
 */
export function createTextBranch({
  trainTower = false,
  ...options
}: TextBranchOptions): TextBranch {
  const { tower } = options;
  const withAttributes = options.attributes.length > 0;
  const { learner, classes, attributes, attributesConditioned } =
    createTextPrompts(options);
  const encoder = createPromptEncoder(
    tower,
    attributesConditioned ? [...classes, ...attributes] : classes,
  );
  const fixed: PromptEncoder | undefined =
    withAttributes && !attributesConditioned
      ? createPromptEncoder(tower, attributes)
      : undefined;
  const { tower: weights, tokens } = encoder.frozen;
  return {
    frozen: {
      tokens,
      ...(trainTower ? {} : { tower: weights }),
      ...(fixed === undefined ? {} : { attributes: fixed.frozen.tokens }),
    },
    trained: trainTower ? weights : {},
    fields: learner.fields ?? {},
    init: (random) => learner.init(random),
    apply(params, frozen, groups, fields) {
      const {
        tokens,
        attributes: others,
        ...own
      } = frozen as Readonly<Record<string, Tensors | undefined>>;
      const tower = trainTower ? params.text : own['tower'];
      if (tower === undefined || tokens === undefined) {
        throw new TypeError('the text tower is not among what is given');
      }
      const features = normalise(
        encoder.encode(
          { tower, tokens },
          learner.context(params.prompt, groups, fields),
        ),
      );
      if (fixed !== undefined) {
        if (others === undefined) {
          throw new TypeError('the prompts of the attributes have no tokens');
        }
        const none = tf.zeros<tf.Rank.R3>([1, 0, fixed.width]);
        return {
          classes: features,
          attributes: normalise(fixed.encode({ tower, tokens: others }, none)),
        };
      }
      if (!withAttributes) return { classes: features };
      const [ofClasses, ofAttributes] = tf.split(
        features,
        [classes.length, attributes.length],
        1,
      );
      return {
        classes: ofClasses as tf.Tensor3D,
        attributes: ofAttributes as tf.Tensor3D,
      };
    },
  };
}
