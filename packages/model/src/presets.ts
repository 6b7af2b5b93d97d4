import {
  attributeNames,
  type AttributeNames,
  type AttributeSet,
  publishedAttributeNames,
} from './attribute-names.js';
import type { Chosen } from './registry.js';

export type PresetName = 'paper' | 'published-code';

/** What an experiment has where it says nothing. */
export interface Preset {
  readonly attributes: AttributeSet;
  readonly attributeNames: AttributeNames;
  readonly image: Chosen;
  readonly head: Chosen;
  readonly text: Chosen;
  readonly trainTower: boolean;
  readonly prompt: Chosen;
  readonly largestScale: number | null;
  readonly losses: readonly Chosen[];
  readonly optimizer: Chosen;
  readonly schedule: Chosen;
}

/** L_CE + L_IC + α·L_IA + β·L_CA with α = 1 and β = 0.5, as our reading of arXiv 2304.08013 has it. */
const paper: Preset = {
  attributes: 'dataset',
  attributeNames,
  image: { use: 'resnet18' },
  head: { use: 'linear' },
  text: { use: 'clip' },
  trainTower: false,
  prompt: { use: 'channel-conditional' },
  largestScale: 100,
  losses: [
    { use: 'cross-entropy', weight: 1 },
    { use: 'image-class', weight: 1 },
    { use: 'image-attribute', weight: 1 },
    { use: 'class-attribute', weight: 0.5 },
  ],
  optimizer: { use: 'sgd', weightDecay: 5e-5 },
  schedule: { use: 'cosine', per: 'step' },
};

/** Where github.com/ymLeiFDU/CLIP-Lung differs from the paper, and can be followed: one option a difference. */
const publishedCode: Preset = {
  ...paper,
  // Malignancy, which is the label, is among the attributes.
  attributes: 'nine',
  // "internalStructure", as one word.
  attributeNames: publishedAttributeNames,
  // The text transformer is trained with the rest.
  trainTower: true,
  // The logit scale has no bound.
  largestScale: null,
  losses: [
    { use: 'cross-entropy', weight: 1 },
    // Every nodule's group t has the label of the batch's t-th nodule as its target.
    { use: 'image-class', weight: 1, targets: 'first-groups' },
    // Cross-entropy of the T group means against the class label.
    { use: 'image-attribute', weight: 1, form: 'published-code' },
    // Cross-entropy of the K class means against the class label.
    { use: 'class-attribute', weight: 0.5, form: 'published-code' },
  ],
  // Twice the paper's weight decay.
  optimizer: { use: 'sgd', weightDecay: 1e-4 },
  // The learning rate falls once an epoch.
  schedule: { use: 'cosine', per: 'epoch' },
};

export const presets: Readonly<Record<PresetName, Preset>> = {
  paper,
  'published-code': publishedCode,
};
