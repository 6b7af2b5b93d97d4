import { z } from 'zod';

import { issueError } from './errors.js';
import { pluginFile } from './plugin-file.js';
import { type Preset, type PresetName, presets } from './presets.js';

const count = z.int().min(1);
/** What is said of a module, where the preset says which. */
const options = z.looseObject({ use: z.string().optional() });
const chosen = z.looseObject({ use: z.string() });

const schemaOf = (preset: Preset) =>
  z.strictObject({
    preset: z.enum(Object.keys(presets) as [PresetName]).default('paper'),
    plugins: z.array(pluginFile).default([]),
    data: z
      .strictObject({
        subset: z.enum(['A', 'B', 'C']).default('A'),
        folds: z.int().min(2).default(5),
        validation: z.number().min(0).lt(1).default(0.2),
        targets: z.enum(['label', 'votes']).default('label'),
        attributes: z.enum(['eight', 'nine']).default(preset.attributes),
      })
      .prefault({}),
    image: options.extend({ embedding: count.default(512) }).optional(),
    head: options.optional(),
    text: options.extend({ train: z.boolean().optional() }).nullish(),
    prompt: options.nullish(),
    logitScale: z
      .strictObject({
        initial: z
          .number()
          .positive()
          .default(1 / 0.07),
        max: z.number().positive().nullable().default(preset.largestScale),
        learn: z.boolean().default(true),
      })
      .prefault({}),
    losses: z
      .array(chosen.extend({ weight: z.number().min(0).optional() }))
      .min(1)
      .optional(),
    optimizer: options.optional(),
    augment: z.array(chosen).default([]),
    training: z
      .strictObject({
        epochs: count.default(100),
        batchSize: z.int().min(2).default(32),
        learningRate: z.number().positive().default(1e-3),
        momentum: z.number().optional(),
        weightDecay: z.number().optional(),
        ema: z.number().min(0).lt(1).default(0.999),
        emaWarmup: z.boolean().default(false),
        seed: z.int().default(1),
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
