import {
  hubHostProblem,
  randomTower,
  type TextTower,
} from '@clip-lung/text-encoder';
import { z } from 'zod';

import { count, seed } from '../bounds.js';
import { Registry } from '../registry.js';

/** It stands in a record that is shared, so it holds no password. */
const host = z.string().superRefine((text, context) => {
  const problem = hubHostProblem(text);
  if (problem !== undefined) context.addIssue(problem);
});

/** What a text tower is made with. */
export interface TextTowerNeeds {
  /**
   * Loads a CLIP tower from a folder or the Hugging Face hub, as `loadClipTower` of `@clip-lung/text-encoder/node` does:
   * reading files is left to whoever can.
   */
  readonly loadClip: (
    model: string,
    options?: { readonly revision?: string; readonly host?: string },
  ) => Promise<TextTower>;
}

/** A tower's weights may have to be read, or fetched, first. */
export const textTowers = new Registry<
  TextTowerNeeds,
  TextTower | Promise<TextTower>
>('text tower')
  .add({
    name: 'clip',
    options: z.strictObject({
      /** a folder, or a name on the Hugging Face hub */
      model: z.string().min(1).default('Xenova/clip-vit-base-patch16'),
      /** a branch, tag or commit of the model's repository; null for what the name says, else `main` */
      revision: z.string().min(1).nullable().default(null),
      /** the hub, or a mirror of it; null for `HF_ENDPOINT` of the environment, else huggingface.co */
      host: host.nullable().default(null),
    }),
    create: ({ model, revision, host }, { loadClip }) =>
      loadClip(model, {
        ...(revision === null ? {} : { revision }),
        ...(host === null ? {} : { host }),
      }),
  })
  .add({
    name: 'random',
    /** a small tower with random weights, for demos and tests: whatever it gives is labelled so */
    options: z.strictObject({
      seed: seed.default(1),
      /** W */
      width: count(1024).default(64),
      layers: count(48).default(2),
      heads: count(64).default(2),
      /** D */
      embedding: count(1024).default(64),
    }),
    create: (options) => randomTower(options),
  });
