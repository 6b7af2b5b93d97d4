import { subsets, validationUnits } from '@clip-lung/lidc';
import { z } from 'zod';

import {
  bestBy,
  amount,
  count,
  decay,
  positive,
  seed,
  samplings,
} from './bounds.js';
import { issueError } from './errors.js';
import { pluginFile } from './plugin-file.js';
import { type Preset, type PresetName, presets } from './presets.js';

/** What is said of a module, where the preset says which. */
const options = z.looseObject({ use: z.string().optional() });
const chosen = z.looseObject({ use: z.string() });

/** Two or more, as softmax over one attribute says nothing. */
const attributeSet = z.union(
  [
    z.enum(['dataset', 'eight', 'nine']),
    z
      .array(z.string().min(1))
      .min(2)
      .refine(
        (names) => new Set(names).size === names.length,
        'expected names that differ',
      )
      .readonly(),
  ],
  {
    error:
      'expected "dataset", "eight", "nine", or a list of two or more names that differ',
  },
);

const schemaOf = (preset: Preset) =>
  z.strictObject({
    preset: z.enum(Object.keys(presets) as [PresetName]).default('paper'),
    plugins: z.array(pluginFile).default([]),
    data: z
      .strictObject({
        subset: z.enum(subsets).default('A'),
        folds: z.int().min(2).max(1000).default(5),
        validation: decay.default(0.2),
        validationBy: z.enum(validationUnits).default('patients'),
        targets: z.enum(['label', 'votes']).default('label'),
        sampling: z.enum(samplings).default('shuffled'),
        attributes: attributeSet.default(preset.attributes),
      })
      .prefault({}),
    image: options.extend({ embedding: count(4096).default(512) }).optional(),
    head: options.optional(),
    text: options.extend({ train: z.boolean().optional() }).nullish(),
    prompt: options.nullish(),
    logitScale: z
      .strictObject({
        initial: positive(1e6).default(1 / 0.07),
        max: positive(1e6).nullable().default(preset.largestScale),
        learn: z.boolean().default(true),
      })
      .prefault({}),
    losses: z
      .array(chosen.extend({ weight: amount.optional() }))
      .min(1)
      .optional(),
    optimizer: options.optional(),
    augment: z.array(chosen).default([]),
    training: z
      .strictObject({
        epochs: count(100_000).default(100),
        batchSize: z.int().min(2).max(4096).default(32),
        learningRate: positive().default(1e-3),
        schedule: options.optional(),
        momentum: z.number().optional(),
        weightDecay: z.number().optional(),
        accumulate: count(10_000).default(1),
        clipNorm: positive().nullable().default(null),
        ema: decay.default(0.999),
        emaWarmup: z.boolean().default(false),
        best: z.enum(bestBy).default('accuracy'),
        patience: count(100_000).nullable().default(null),
        checkpointSteps: count(1_000_000_000).nullable().default(null),
        seed: seed.default(1),
      })
      .prefault({}),
  });

/** An experiment in the right form. Of its modules only the names are known: their options are for their own schemas. */
export type ParsedExperiment = z.output<ReturnType<typeof schemaOf>>;

/** @throws `ExperimentError` with the path of the first field that is wrong */
export function parseExperiment(
  written: unknown,
  preset: Preset,
): ParsedExperiment {
  const schema = schemaOf(preset);
  const found = schema.safeParse(written);
  if (found.success) return found.data;
  throw issueError(found.error, { schema });
}
