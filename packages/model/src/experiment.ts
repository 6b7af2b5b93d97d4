import type { Subset, ValidationUnit } from '@clip-lung/lidc';

import type { AttributeSet } from './attribute-names.js';
import type { bestBy, samplings } from './bounds.js';
import type { builtInModules } from './modules.js';
import type { PluginEntry } from './plugin.js';
import type { PluginChoice } from './plugin-choice.js';
import type { PluginFile } from './plugin-file.js';
import type { PresetName } from './presets.js';
import type { Chosen, ChoiceOf } from './registry.js';

/** What a nodule's targets are: its one label, or the shares of its readers' votes. */
export type Targets = 'label' | 'votes';

type BuiltIn = typeof builtInModules;

export type ImageChoice = ChoiceOf<BuiltIn['image']>;
export type HeadChoice = ChoiceOf<BuiltIn['head']>;
export type TextChoice = ChoiceOf<BuiltIn['text']>;
export type PromptChoice = ChoiceOf<BuiltIn['prompt']>;
export type LossChoice = ChoiceOf<BuiltIn['loss']>;
export type OptimizerChoice = ChoiceOf<BuiltIn['optimizer']>;
export type ScheduleChoice = ChoiceOf<BuiltIn['schedule']>;
export type AugmentationChoice = ChoiceOf<BuiltIn['augment']>;

/** s, by which similarities are multiplied: one over the temperature. */
export interface LogitScaleOptions {
  /** at the start; default 1 / 0.07, as CLIP's */
  readonly initial?: number;
  /** s stays at or below it; null for no bound */
  readonly max?: number | null;
  /** default true */
  readonly learn?: boolean;
}

/** A schedule that says no `use` is a cosine. */
type CosineOptions = Omit<
  Extract<ScheduleChoice, { readonly use: 'cosine' }>,
  'use'
> & { readonly use?: never };

export interface TrainingOptions<
  Plugins extends readonly PluginEntry[] = readonly [],
> {
  readonly epochs?: number;
  /** B; an epoch's last nodules that fill no batch are left for another epoch */
  readonly batchSize?: number;
  /** of which the schedule makes that of each step; its highest, with those that are built in */
  readonly learningRate?: number;
  /** default `cosine` */
  readonly schedule?:
    | ScheduleChoice
    | CosineOptions
    | PluginChoice<Plugins, 'schedule'>;
  /** of the optimiser, where it has one */
  readonly momentum?: number;
  /** of the optimiser, where it has one */
  readonly weightDecay?: number;
  /** batches of which a step takes the mean gradient, so that it learns from B · accumulate nodules; default 1 */
  readonly accumulate?: number;
  /** gradients whose norm, over all parameters, is above it are shortened to it; null (default) for no bound */
  readonly clipNorm?: number | null;
  /** decay of the moving average of the weights, which is what is evaluated; 0 for none */
  readonly ema?: number;
  /** begins the average with a smaller decay, min(ema, (1 + step) / (10 + step)) */
  readonly emaWarmup?: boolean;
  /**
   * what of the validation nodules chooses the best epoch; default `accuracy`. `auc` is the mean of the classes against the
   * rest, `kappa` has quadratic weights where the classes have an order
   */
  readonly best?: (typeof bestBy)[number];
  /** ends a fold after so many epochs without a better one; null (default) for never */
  readonly patience?: number | null;
  /** steps between two checkpoints within an epoch; null (default) for those at the ends of epochs alone */
  readonly checkpointSteps?: number | null;
  /** of initialisation, order and the validation part */
  readonly seed?: number;
}

/** An experiment as a researcher writes it. Everything that is left out has the preset's value. */
export interface Experiment<
  Plugins extends readonly PluginEntry[] = readonly [],
> {
  /** where the values that are left out come from; default `paper` */
  readonly preset?: PresetName;
  /** modules of your own: files, seen from this one, or what they export by default */
  readonly plugins?: Plugins;
  readonly data?: {
    readonly subset?: Subset;
    readonly folds?: number;
    /** the share of the training patients that chooses the best epoch */
    readonly validation?: number;
    /** what that share counts: patients, or, as before there was a choice, nodules */
    readonly validationBy?: ValidationUnit;
    /** default `label` */
    readonly targets?: Targets;
    /**
     * `shuffled` (default): each nodule once an epoch; `balanced`: as many are drawn, with replacement, each class as often as
     * the others
     */
    readonly sampling?: (typeof samplings)[number];
    /**
     * M: all that the dataset has (default); LIDC-IDRI's eight, or nine, with malignancy in front of them; or some of the
     * dataset's, by their names
     */
    readonly attributes?: AttributeSet;
  };
  readonly image?: (ImageChoice | PluginChoice<Plugins, 'image'>) & {
    /** D, where no text tower decides it; default 512 */
    readonly embedding?: number;
  };
  readonly head?: HeadChoice | PluginChoice<Plugins, 'head'>;
  /** needed by the losses that compare images with texts */
  readonly text?: (TextChoice | PluginChoice<Plugins, 'text'>) & {
    /** learn the tower with the rest, instead of keeping it as it is */
    readonly train?: boolean;
  };
  readonly prompt?: PromptChoice | PluginChoice<Plugins, 'prompt'>;
  readonly logitScale?: LogitScaleOptions;
  readonly losses?: readonly ((LossChoice | PluginChoice<Plugins, 'loss'>) & {
    /** the factor of this term in the total; default the preset's, and 1 for a loss that it does not have */
    readonly weight?: number;
  })[];
  readonly optimizer?: OptimizerChoice | PluginChoice<Plugins, 'optimizer'>;
  /** done to the crops of a training batch, in this order; default nothing */
  readonly augment?: readonly (
    | AugmentationChoice
    | PluginChoice<Plugins, 'augment'>
  )[];
  readonly training?: TrainingOptions<Plugins>;
}

/** An experiment with every default filled in: what is saved with a run, and enough to repeat it. */
export interface ResolvedExperiment {
  readonly preset: PresetName;
  /** plugins that came from files; those given as objects must be given again to repeat the run */
  readonly plugins: readonly PluginFile[];
  readonly data: {
    readonly subset: Subset;
    readonly folds: number;
    readonly validation: number;
    readonly validationBy: ValidationUnit;
    readonly targets: Targets;
    readonly sampling: (typeof samplings)[number];
    readonly attributes: AttributeSet;
  };
  readonly image: Chosen & { readonly embedding: number };
  readonly head: Chosen;
  /** null when no loss needs text */
  readonly text: (Chosen & { readonly train: boolean }) | null;
  readonly prompt: Chosen | null;
  readonly logitScale: Required<LogitScaleOptions>;
  readonly losses: readonly (Chosen & { readonly weight: number })[];
  readonly optimizer: Chosen;
  readonly augment: readonly Chosen[];
  readonly training: {
    readonly epochs: number;
    readonly learningRate: number;
    readonly schedule: Chosen;
    readonly batchSize: number;
    readonly accumulate: number;
    readonly clipNorm: number | null;
    readonly ema: number;
    readonly emaWarmup: boolean;
    readonly best: (typeof bestBy)[number];
    readonly patience: number | null;
    readonly checkpointSteps: number | null;
    readonly seed: number;
  };
}

/** Gives an experiment its type, the names and options of its plugins among it. {@link resolveExperiment} checks it. */
export function defineExperiment<
  const Plugins extends readonly PluginEntry[] = readonly [],
>(experiment: Experiment<Plugins>): Experiment<Plugins> {
  return experiment;
}
