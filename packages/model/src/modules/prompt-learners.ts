import {
  channelConditionalPrompt,
  coCoOpPrompt,
  coOpPrompt,
  fixedPrompt,
  type PromptLearner,
} from '@clip-lung/ccp-prompt';
import type { NdArray } from '@clip-lung/tensor';
import { z } from 'zod';

import { defaultAttributeTemplate } from '../attribute-template.js';
import { count } from '../bounds.js';
import { Registry } from '../registry.js';

/** What a prompt learner starts from. */
export interface PromptLearnerNeeds {
  /** the embeddings of the class template's first T tokens, [T, W] */
  readonly initial: NdArray<'float32'>;
  /** those of the attribute template; undefined where the attributes' prompts take no context */
  readonly attributes: NdArray<'float32'> | undefined;
  /** K */
  readonly classes: number;
  /** D */
  readonly embedding: number;
}

/** What a prompt calls something. */
const name = z.string().regex(/\S/, 'expected a name, not blanks');

/** What every prompt learner takes, those of plugins included: they say which texts there are, not how they are learnt. */
export const commonPromptOptions = {
  /** of the classes, with `{class}`; its first T tokens become the context */
  template: z.string().default('a nodule image of {class}.'),
  /**
   * of the attributes, with `{attribute}`; its first T tokens give way to the same context. The default has a word more where
   * the tower makes too few tokens of it
   */
  attributeTemplate: z.string().default(defaultAttributeTemplate),
  /** what the prompts call the K classes, in their order; null for the classes' own names */
  classNames: z.array(name).min(2).nullable().default(null),
  /** what the prompts call the M attributes, in their order; null for the names that the preset has */
  attributeNames: z.array(name).min(2).nullable().default(null),
  /** whether the attributes' prompts take the context that is conditioned on the nodule, or the template's own words */
  attributes: z.enum(['conditioned', 'fixed']).default('conditioned'),
};

/** The hidden layer of a conditional prompt has D / reduction units. */
const reduction = count(4096).default(16);

export const promptLearners = new Registry<PromptLearnerNeeds, PromptLearner>(
  'prompt learner',
)
  .add({
    name: 'channel-conditional',
    options: z.strictObject({ ...commonPromptOptions, reduction }),
    create: (options, needs) =>
      channelConditionalPrompt({ ...needs, reduction: options.reduction }),
  })
  .add({
    name: 'cocoop',
    options: z.strictObject({ ...commonPromptOptions, reduction }),
    create: (options, needs) =>
      coCoOpPrompt({ ...needs, reduction: options.reduction }),
  })
  .add({
    name: 'coop',
    options: z.strictObject({
      ...commonPromptOptions,
      /** one context for all prompts, or one for each class and another for the attributes */
      contexts: z.enum(['shared', 'class-specific']).default('shared'),
      /** where names stand: behind the context, amid it, or in front of it */
      classPosition: z.enum(['end', 'middle', 'front']).default('end'),
    }),
    create: ({ contexts, classPosition }, needs) =>
      coOpPrompt({ ...needs, contexts, classPosition }),
  })
  .add({
    name: 'fixed',
    options: z.strictObject(commonPromptOptions),
    create: (_, { initial }) => fixedPrompt({ initial }),
  });
