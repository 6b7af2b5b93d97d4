import { z } from 'zod';

import { ExperimentError, issueError } from './errors.js';
import {
  heads,
  imageEncoders,
  losses,
  optimizers,
  promptLearners,
} from './modules.js';
import type { Chosen, ChoiceOf } from './registry.js';

/** Which nodules: three classes (A), three to train and two to test (B), two (C). */
export type Subset = 'A' | 'B' | 'C';

export type ImageChoice = ChoiceOf<typeof imageEncoders>;

export type HeadChoice = ChoiceOf<typeof heads>;

export type TextChoice =
  | {
      readonly use: 'clip';
      /** a folder, or a name on the Hugging Face hub */
      readonly model?: string;
    }
  | {
      /** a small tower with random weights, for demos and tests: whatever it gives is labelled so */
      readonly use: 'random';
      readonly seed?: number;
      readonly width?: number;
      readonly layers?: number;
      readonly heads?: number;
      readonly embedding?: number;
    };

export type PromptChoice = ChoiceOf<typeof promptLearners>;

export type LossChoice = ChoiceOf<typeof losses> & {
  /** the factor of this term in the total; default 1 */
  readonly weight?: number;
};

export interface TrainingOptions {
  readonly epochs?: number;
  /** B; an epoch's last nodules that fill no batch are left for another epoch */
  readonly batchSize?: number;
  /** at the start of the cosine */
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  /** decay of the moving average of the weights, which is what is evaluated; 0 for none */
  readonly ema?: number;
  /** begins the average with a smaller decay, min(ema, (1 + step) / (10 + step)) */
  readonly emaWarmup?: boolean;
  /** of initialisation, order and the validation part */
  readonly seed?: number;
}

/** An experiment as a researcher writes it. Everything that is left out has the paper's value. */
export interface Experiment {
  readonly data?: {
    readonly subset?: Subset;
    readonly folds?: number;
    /** the share of the training patients that chooses the best epoch */
    readonly validation?: number;
  };
  readonly image?: ImageChoice;
  readonly head?: HeadChoice;
  /** needed by every loss but cross-entropy */
  readonly text?: TextChoice;
  readonly prompt?: PromptChoice;
  readonly losses?: readonly LossChoice[];
  readonly training?: TrainingOptions;
}

/** An experiment with every default filled in: what is saved with a run, and enough to repeat it. */
export interface ResolvedExperiment {
  readonly data: {
    readonly subset: Subset;
    readonly folds: number;
    readonly validation: number;
  };
  readonly image: Chosen;
  readonly head: Chosen;
  /** null when no loss needs text */
  readonly text: Chosen | null;
  readonly prompt: Chosen | null;
  readonly losses: readonly (Chosen & { readonly weight: number })[];
  readonly optimizer: Chosen;
  readonly training: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly ema: number;
    readonly emaWarmup: boolean;
    readonly seed: number;
  };
}

/** Gives an experiment its type. {@link resolveExperiment} checks it. */
export function defineExperiment(experiment: Experiment): Experiment {
  return experiment;
}

const count = z.int().min(1);
const chosen = z.looseObject({ use: z.string() });

const textOptions: Readonly<Record<TextChoice['use'], z.ZodType>> = {
  clip: z.strictObject({
    use: z.literal('clip'),
    model: z.string().min(1).default('Xenova/clip-vit-base-patch16'),
  }),
  random: z.strictObject({
    use: z.literal('random'),
    seed: z.int().default(1),
    width: count.default(64),
    layers: count.default(2),
    heads: count.default(2),
    embedding: count.default(64),
  }),
};

/** The paper's total: L_CE + L_IC + α·L_IA + β·L_CA with α = 1 and β = 0.5. */
const paperLosses = [
  { use: 'cross-entropy', weight: 1 },
  { use: 'image-class', weight: 1 },
  { use: 'image-attribute', weight: 1 },
  { use: 'class-attribute', weight: 0.5 },
];

const schema = z.strictObject({
  data: z
    .strictObject({
      subset: z.enum(['A', 'B', 'C']).default('A'),
      folds: z.int().min(2).default(5),
      validation: z.number().min(0).lt(1).default(0.2),
    })
    .prefault({}),
  image: chosen.default({ use: 'resnet18' }),
  head: chosen.default({ use: 'linear' }),
  text: chosen.nullable().optional(),
  prompt: chosen.nullable().optional(),
  losses: z
    .array(
      z.looseObject({ use: z.string(), weight: z.number().min(0).default(1) }),
    )
    .min(1)
    .default(paperLosses),
  optimizer: chosen.optional(),
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

/**
 * Checks an experiment and fills in every default. A resolved experiment resolves to itself.
 *
 * @throws {@link ExperimentError} with the path of the first field that is wrong
 */
export function resolveExperiment(experiment: unknown): ResolvedExperiment {
  const parsed = schema.safeParse(experiment);
  if (!parsed.success) throw issueError(parsed.error);
  const { data, training, ...given } = parsed.data;
  const { momentum, weightDecay, ...rest } = training;

  const terms = given.losses.map(({ weight, ...loss }, i) => ({
    ...losses.resolve(loss, `losses[${i}]`),
    weight,
  }));
  const twice = terms.find(
    ({ use }, i) => terms.findIndex((term) => term.use === use) !== i,
  );
  if (twice !== undefined)
    throw new ExperimentError('losses', `"${twice.use}" is there twice`);

  const needsText = terms.some(
    ({ use }) => losses.create({ use }, {}, 'losses').needs.length > 0,
  );
  const optimizer = optimizers.resolve(
    {
      ...(given.optimizer ?? { use: 'sgd' }),
      ...(momentum === undefined ? {} : { momentum }),
      ...(weightDecay === undefined ? {} : { weightDecay }),
    },
    'training',
  );
  return {
    data,
    image: imageEncoders.resolve(given.image, 'image'),
    head: heads.resolve(given.head, 'head'),
    text: needsText ? resolveText(given.text ?? { use: 'clip' }) : null,
    prompt: needsText
      ? promptLearners.resolve(
          given.prompt ?? { use: 'channel-conditional' },
          'prompt',
        )
      : null,
    losses: terms,
    optimizer,
    training: rest,
  };
}

function resolveText(text: Chosen): Chosen {
  const known = Object.keys(textOptions).sort();
  const options = Object.hasOwn(textOptions, text.use)
    ? textOptions[text.use as TextChoice['use']]
    : undefined;
  if (options === undefined) {
    throw new ExperimentError(
      'text.use',
      `there is no text tower "${text.use}"; known: ${known.join(', ')}`,
    );
  }
  const found = options.safeParse(text);
  if (!found.success) throw issueError(found.error, 'text');
  return found.data as Chosen;
}
