import {
  channelConditionalPrompt,
  coCoOpPrompt,
  coOpPrompt,
  fixedPrompt,
  type PromptLearner,
} from '@clip-lung/ccp-prompt';
import type { NdArray } from '@clip-lung/tensor';
import { z } from 'zod';

import { Registry } from '../registry.js';

/** What a prompt learner starts from. */
export interface PromptLearnerNeeds {
  /** the context's tokens, [T, W] */
  readonly initial: NdArray<'float32'>;
  /** D */
  readonly embedding: number;
}

const count = z.int().min(1);

/** Every prompt learner takes a template for the classes and one for the attributes. */
const templates = {
  /** of the classes, with `{class}`; its first T tokens become the context */
  template: z.string().default('a nodule image of {class}.'),
  /** of the attributes, with `{attribute}`; its first T tokens give way to the same context */
  attributeTemplate: z.string().default('the nodule is {attribute}.'),
};

/** The hidden layer of a conditional prompt has D / reduction units. */
const reduction = count.default(16);

export const promptLearners = new Registry<PromptLearnerNeeds, PromptLearner>(
  'prompt learner',
)
  .add({
    name: 'channel-conditional',
    options: z.strictObject({ ...templates, reduction }),
    create: (options, needs) =>
      channelConditionalPrompt({ ...needs, reduction: options.reduction }),
  })
  .add({
    name: 'cocoop',
    options: z.strictObject({ ...templates, reduction }),
    create: (options, needs) =>
      coCoOpPrompt({ ...needs, reduction: options.reduction }),
  })
  .add({
    name: 'coop',
    options: z.strictObject(templates),
    create: (_, { initial }) => coOpPrompt({ initial }),
  })
  .add({
    name: 'fixed',
    options: z.strictObject(templates),
    create: (_, { initial }) => fixedPrompt({ initial }),
  });
