import { attributes } from '@clip-lung/data';
import type { PromptLearner } from '@clip-lung/ccp-prompt';
import { normalise } from '@clip-lung/image-encoder';
import {
  createPromptEncoder,
  initialContext,
  type PromptEncoder,
  promptsFromTemplate,
  type TextTower,
} from '@clip-lung/text-encoder';
import type { RandomStream, Tree, NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { attributeNames } from './attribute-names.js';
import { promptLearners } from './modules.js';
import type { Chosen } from './registry.js';

/** Normalised text features of a batch: [B, …, D] where the prompts depend on the nodule, else [1, …, D]. */
export interface TextFeatures {
  /** [B or 1, K, D] */
  readonly classes: tf.Tensor3D;
  /** [B or 1, M, D]; absent when no loss asks for attributes */
  readonly attributes?: tf.Tensor3D;
}

/** Prompts, learner and frozen tower, from channel-group features to text features. */
export interface TextBranch {
  /** the tower's weights, constants of the step */
  readonly frozen: Tree<NdArray<'float32'>>;
  init(random: RandomStream): Tree<NdArray<'float32'>>;
  /** @param groups normalised channel-group features, [B, T, D] */
  apply(
    params: Tree<tf.Tensor>,
    frozen: Tree<tf.Tensor>,
    groups: tf.Tensor3D,
  ): TextFeatures;
}

export interface TextBranchOptions {
  readonly tower: TextTower;
  /** a resolved prompt learner */
  readonly prompt: Chosen;
  /** K names, as the prompts call them */
  readonly classes: readonly string[];
  /** encode the M attributes, too */
  readonly withAttributes: boolean;
  /** T */
  readonly contextLength: number;
}

/**
 * The classes' prompts and the attributes' share one context, so the tower runs all of a nodule's prompts as one packed
 * sequence.
 *
 * @throws `PromptError` when a template's first T tokens differ between names, or a prompt is too long
 */
export function createTextBranch({
  tower,
  prompt,
  classes,
  withAttributes,
  contextLength,
}: TextBranchOptions): TextBranch {
  const template = String(prompt['template']);
  const classPrompts = promptsFromTemplate(
    tower,
    template,
    classes,
    contextLength,
  ).prompts;
  const attributePrompts = withAttributes
    ? promptsFromTemplate(
        tower,
        String(prompt['attributeTemplate']),
        attributes.map((attribute) => attributeNames[attribute]),
        contextLength,
      ).prompts
    : [];
  const encoder: PromptEncoder = createPromptEncoder(
    tower,
    [...classPrompts, ...attributePrompts],
    contextLength,
  );
  const [firstClass = ''] = classes;
  const learner: PromptLearner = promptLearners.create(
    prompt,
    {
      initial: initialContext(
        tower,
        template.replace('{class}', () => firstClass),
        contextLength,
      ),
      embedding: tower.config.embedding,
    },
    'prompt',
  );
  return {
    frozen: encoder.frozen,
    init: (random) => learner.init(random),
    apply(params, frozen, groups) {
      const features = normalise(
        encoder.encode(frozen, learner.context(params, groups)),
      );
      if (!withAttributes) return { classes: features };
      const [classFeatures, attributeFeatures] = tf.split(
        features,
        [classes.length, attributes.length],
        1,
      );
      return {
        classes: classFeatures as tf.Tensor3D,
        attributes: attributeFeatures as tf.Tensor3D,
      };
    },
  };
}
