import { Registry } from './registry.js';

/** What can be done to the crops of a training batch. */
export const augmentations = new Registry<Record<string, never>, unknown>(
  'augmentation',
);
