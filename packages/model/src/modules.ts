import {
  type PromptLearner,
  channelConditionalPrompt,
  coCoOpPrompt,
  coOpPrompt,
  fixedPrompt,
} from '@clip-lung/ccp-prompt';
import { type ClassifierHead, linearHead } from '@clip-lung/heads';
import { type ImageEncoder, resnet18 } from '@clip-lung/image-encoder';
import {
  classAttribute,
  crossEntropy,
  imageAttribute,
  imageClass,
  type Loss,
} from '@clip-lung/losses';
import { type Optimizer, sgd } from '@clip-lung/optim';
import type { NdArray } from '@clip-lung/tensor';
import { z } from 'zod';

import { Registry } from './registry.js';

const count = z.int().min(1);

/** What an image encoder must fit: D, the length of the features that it shares with the text. */
export interface ImageEncoderNeeds {
  readonly embedding: number;
}

export const imageEncoders = new Registry<ImageEncoderNeeds, ImageEncoder>(
  'image encoder',
).add({
  name: 'resnet18',
  options: z.strictObject({
    /** T, channel groups, and as many context vectors */
    groups: count.default(4),
    /** channels of the first stage */
    width: count.default(64),
    /** D, where no text tower decides it */
    embedding: count.default(512),
  }),
  create: ({ groups, width }, { embedding }) =>
    resnet18({ groups, width, embedding }),
});

/** What a classifier head must fit. */
export interface HeadNeeds {
  /** K */
  readonly classes: number;
  /** G, feature maps of the image encoder */
  readonly channels: number;
}

export const heads = new Registry<HeadNeeds, ClassifierHead>(
  'classifier head',
).add({
  name: 'linear',
  options: z.strictObject({}),
  create: (_, { classes, channels }) =>
    linearHead({ classes, features: 16 * channels }),
});

/** What a prompt learner starts from. */
export interface PromptLearnerNeeds {
  /** the context's tokens, [T, W] */
  readonly initial: NdArray<'float32'>;
  /** D */
  readonly embedding: number;
}

/** Every prompt learner takes a template for the classes and one for the attributes. */
const templates = {
  /** the first T tokens become the context */
  template: z.string().default('a nodule image of {class}.'),
  /** its first T tokens give way to the same context */
  attributeTemplate: z.string().default('the nodule is {attribute}.'),
};

export const promptLearners = new Registry<PromptLearnerNeeds, PromptLearner>(
  'prompt learner',
)
  .add({
    name: 'channel-conditional',
    options: z.strictObject({
      ...templates,
      /** the hidden layer has D / reduction units */
      reduction: count.default(16),
    }),
    create: ({ reduction }, needs) =>
      channelConditionalPrompt({ ...needs, reduction }),
  })
  .add({
    name: 'cocoop',
    options: z.strictObject({ ...templates, reduction: count.default(16) }),
    create: ({ reduction }, needs) => coCoOpPrompt({ ...needs, reduction }),
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

const noOptions = z.strictObject({});

export const losses = new Registry<Record<string, never>, Loss>('loss')
  .add({
    name: 'cross-entropy',
    options: noOptions,
    create: () => crossEntropy(),
  })
  .add({ name: 'image-class', options: noOptions, create: () => imageClass() })
  .add({
    name: 'image-attribute',
    options: noOptions,
    create: () => imageAttribute(),
  })
  .add({
    name: 'class-attribute',
    options: noOptions,
    create: () => classAttribute(),
  });

export const optimizers = new Registry<Record<string, never>, Optimizer>(
  'optimiser',
).add({
  name: 'sgd',
  options: z.strictObject({
    momentum: z.number().min(0).lt(1).default(0.9),
    weightDecay: z.number().min(0).default(5e-5),
    nesterov: z.boolean().default(false),
  }),
  create: (options) => sgd(options),
});
